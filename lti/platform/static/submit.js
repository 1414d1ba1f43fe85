// Posts the page's only form: the next hop of a launch.
document.forms[0].submit();
