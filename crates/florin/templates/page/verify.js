(function () {
  "use strict";
  var form = document.getElementById("next");
  var methodForm = document.getElementById("method-form");
  var done = false;
  function set(name, value) {
    if (value === undefined || value === null) { return; }
    form.elements.namedItem(name).value = String(value);
  }
  function finish(method) {
    if (done) { return; }
    done = true;
    set("method_completed", method);
    form.submit();
  }
  set("javascript", "1");
  set("java", typeof navigator.javaEnabled === "function" && navigator.javaEnabled() ? "1" : "0");
  set("language", navigator.language);
  set("color_depth", screen.colorDepth);
  set("screen_width", screen.width);
  set("screen_height", screen.height);
  set("time_zone", new Date().getTimezoneOffset());
  set("user_agent", navigator.userAgent);
  if (!methodForm) {
    finish("U");
    return;
  }
  window.addEventListener("message", function (event) {
    if (event.origin === window.location.origin && event.data === "florin-3ds-method-done") {
      finish("Y");
    }
  });
  window.setTimeout(function () { finish("N"); }, 10000);
  methodForm.submit();
})();
