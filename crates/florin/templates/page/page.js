(function () {
  "use strict";
  var form = document.getElementById("card-form");
  if (!form) { return; }
  var number = document.getElementById("card_number");
  var holder = document.getElementById("card_holder_name");
  var expiry = document.getElementById("card_expiry");
  var cvc = document.getElementById("card_cvc");
  var marks = document.getElementById("brands");
  var button = document.getElementById("pay");
  var accepted = form.getAttribute("data-brands").split(" ");

  /* As far as the first digits tell; the server decides again on the whole number. */
  function brandOf(digits) {
    if (/^3[47]/.test(digits)) { return { code: "amex", lengths: [15], cvc: 4, groups: [4, 6, 5] }; }
    if (/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/.test(digits)) { return { code: "mastercard", lengths: [16], cvc: 3 }; }
    if (/^4/.test(digits)) { return { code: "visa", lengths: [13, 16, 19], cvc: 3 }; }
    if (/^(6011|64[4-9]|65|62|81|35[2-8]|30[0-5]|36|38|39)/.test(digits)) { return { code: "other", lengths: [14, 15, 16, 17, 18, 19], cvc: 3 }; }
    if (/^(50|5[6-9]|6)/.test(digits)) { return { code: "maestro", lengths: [12, 13, 14, 15, 16, 17, 18, 19], cvc: 3, freeCvc: true }; }
    return null;
  }

  /* Digits of other scripts as ASCII ones; nothing else. */
  function digitsOf(text) {
    return text.replace(/[\uff10-\uff19\u0660-\u0669\u06f0-\u06f9]/g, function (it) {
      var code = it.charCodeAt(0);
      return String(code - (code >= 0xff10 ? 0xff10 : code >= 0x06f0 ? 0x06f0 : 0x0660));
    }).replace(/[^0-9]/g, "");
  }

  function luhn(digits) {
    var sum = 0;
    for (var i = 0; i < digits.length; i++) {
      var d = Number(digits[digits.length - 1 - i]) * (i % 2 ? 2 : 1);
      sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 === 0;
  }

  function grouped(digits) {
    var brand = brandOf(digits);
    var groups = brand && brand.groups ? brand.groups : [4, 4, 4, 4, 3];
    var parts = [];
    for (var at = 0, i = 0; at < digits.length; at += groups[i] || 4, i++) {
      parts.push(digits.substr(at, groups[i] || 4));
    }
    return parts.join(" ");
  }

  /* 1/2, 12/29, 1229, 12/2029 */
  function dated(text) {
    var parts = text.split(/[^0-9\uff10-\uff19\u0660-\u0669\u06f0-\u06f9]+/).map(digitsOf);
    var month = parts[0], year = parts.slice(1).join("");
    if (parts.length === 1) {
      if (/^[2-9]/.test(month)) { month = "0" + month; }
      year = month.slice(2);
      month = month.slice(0, 2);
    } else if (month.length === 1) {
      month = "0" + month;
    }
    if (year.length === 4 && year.slice(0, 2) === "20") { year = year.slice(2); }
    year = year.slice(0, 4);
    return { month: month, year: year, text: year || parts.length > 1 ? month + "/" + year : month };
  }

  /* Writes a field anew and leaves the caret behind the same digit. */
  function rewrite(field, text) {
    if (field.value === text) { return; }
    var caret = field.selectionStart;
    var atEnd = caret === field.value.length;
    var before = digitsOf(field.value.slice(0, caret)).length;
    field.value = text;
    if (document.activeElement !== field) { return; }
    var to = text.length;
    if (!atEnd) {
      for (to = 0; before > 0 && to < text.length; to++) {
        if (/[0-9]/.test(text[to])) { before--; }
      }
    }
    field.setSelectionRange(to, to);
  }

  /* Digits of the number as it was before the newest change. */
  var typed = digitsOf(number.value);

  /* Where only the gap between two groups was deleted, the digit beside it is meant. */
  function deleteBesideGap(event) {
    var digits = digitsOf(number.value);
    if (digits !== typed || !/^deleteContent(Backward|Forward)$/.test(event.inputType || "")) { return; }
    var at = digitsOf(number.value.slice(0, number.selectionStart)).length;
    if (event.inputType === "deleteContentBackward") { at--; }
    if (at < 0) { return; }
    number.value = digits.slice(0, at) + digits.slice(at + 1);
    number.setSelectionRange(at, at);
  }

  function showBrand() {
    var brand = brandOf(digitsOf(number.value));
    var known = !!brand && accepted.indexOf(brand.code) >= 0;
    marks.classList.toggle("known", known);
    Array.prototype.forEach.call(marks.querySelectorAll("[data-brand]"), function (it) {
      it.classList.toggle("is", known && it.getAttribute("data-brand") === brand.code);
    });
    var saved = savedCard();
    var code = saved ? Number(saved.getAttribute("data-code")) : brand && brand.cvc;
    cvc.maxLength = code || 4;
    cvc.placeholder = code === 4 ? "1234" : "123";
  }

  function say(field, fault) {
    var place = document.getElementById(field.id + "-fault");
    var text = fault ? field.getAttribute("data-" + fault) : "";
    place.textContent = text;
    place.hidden = !text;
    field.setAttribute("aria-invalid", text ? "true" : "false");
    return !text;
  }

  var checks = {
    card_number: function () {
      var digits = digitsOf(number.value);
      if (!digits) { return "missing"; }
      var brand = brandOf(digits);
      if (brand && brand.code === "other" || brand && accepted.indexOf(brand.code) < 0) { return luhn(digits) && digits.length >= 12 ? "refused" : "wrong"; }
      if (!brand || brand.lengths.indexOf(digits.length) < 0 || !luhn(digits)) { return "wrong"; }
      return "";
    },
    card_holder_name: function () { return holder.value.trim() ? "" : "missing"; },
    card_expiry: function () {
      if (!expiry.value.trim()) { return "missing"; }
      var date = dated(expiry.value);
      var month = Number(date.month);
      if (date.month.length !== 2 || date.year.length !== 2 || month < 1 || month > 12) { return "wrong"; }
      var now = new Date();
      var brand = brandOf(digitsOf(number.value));
      var past = (2000 + Number(date.year)) * 12 + month < now.getFullYear() * 12 + now.getMonth() + 1;
      /* The test platform has a clock of its own, and Maestro cards may outlive their date. */
      if (past && !(brand && brand.code === "maestro") && !form.hasAttribute("data-test")) { return "expired"; }
      return "";
    },
    card_cvc: function () {
      var saved = savedCard();
      var brand = saved ? null : brandOf(digitsOf(number.value));
      var code = saved ? Number(saved.getAttribute("data-code")) : brand && brand.cvc;
      var digits = digitsOf(cvc.value);
      if (!digits) { return brand && brand.freeCvc ? "" : "missing"; }
      var fits = code ? digits.length === code : digits.length === 3 || digits.length === 4;
      return fits ? "" : "wrong";
    }
  };

  function savedCard() {
    var chosen = form.querySelector(".saved input:checked");
    return chosen && chosen.value ? chosen : null;
  }

  function toCheck() {
    var saved = savedCard();
    if (!saved) { return [number, holder, expiry, cvc]; }
    return saved.hasAttribute("data-no-cvc") ? [] : [cvc];
  }

  [number, expiry, cvc, holder].forEach(function (field) {
    field.addEventListener("input", function (event) {
      if (event.isComposing) { return; }
      if (field === number) {
        deleteBesideGap(event);
        var brand = brandOf(digitsOf(number.value));
        var most = brand ? Math.max.apply(null, brand.lengths) : 19;
        rewrite(number, grouped(digitsOf(number.value).slice(0, most)));
        typed = digitsOf(number.value);
        showBrand();
      }
      /* A date is only completed while it grows, so that it can be deleted. */
      if (field === expiry && !/^delete/.test(event.inputType || "")) {
        rewrite(expiry, dated(expiry.value).text);
      }
      if (field === cvc) { rewrite(cvc, digitsOf(cvc.value).slice(0, 4)); }
      if (field.getAttribute("aria-invalid") === "true" && !checks[field.id]()) { say(field, ""); }
    });
    field.addEventListener("blur", function () {
      if (field.value) { say(field, checks[field.id]()); }
    });
  });

  /* Each card has a code of its own. */
  Array.prototype.forEach.call(form.querySelectorAll(".saved input"), function (it) {
    it.addEventListener("change", function () {
      cvc.value = "";
      say(cvc, "");
      showBrand();
    });
  });

  function fill(name, value) {
    var field = form.elements.namedItem("browser_" + name);
    if (field && value !== undefined && value !== null) { field.value = String(value); }
  }

  var sent = false;
  form.noValidate = true;
  form.addEventListener("submit", function (event) {
    if (sent) { event.preventDefault(); return; }
    var wrong = toCheck().filter(function (field) { return !say(field, checks[field.id]()); });
    if (wrong.length) {
      event.preventDefault();
      wrong[0].focus();
      return;
    }
    fill("javascript", "1");
    fill("java", typeof navigator.javaEnabled === "function" && navigator.javaEnabled() ? "1" : "0");
    fill("language", navigator.language);
    fill("color_depth", screen.colorDepth);
    fill("screen_width", screen.width);
    fill("screen_height", screen.height);
    fill("time_zone", new Date().getTimezoneOffset());
    sent = true;
    button.setAttribute("aria-disabled", "true");
    button.querySelector(".label").textContent = button.getAttribute("data-busy");
    button.querySelector("svg").outerHTML = '<span class="busy" aria-hidden="true"></span>';
  });
  /* A page that comes back by the back button can be sent again: the server knows the form's number. */
  window.addEventListener("pageshow", function (event) { if (event.persisted) { window.location.reload(); } });

  showBrand();
  var notice = document.getElementById("notice");
  if (notice) { notice.focus(); }
})();
