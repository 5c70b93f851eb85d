(function () {
  "use strict";
  var target = document.querySelector("a.link").href;
  function go() { window.location.replace(target); }
  if (!window.opener) { go(); return; }
  try { window.opener.postMessage("florin-payment-done", "*"); } catch (ignored) { /* the opener may be gone */ }
  window.close();
  window.setTimeout(go, 500);
})();
