document.getElementById("next").submit();
