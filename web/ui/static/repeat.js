// Presses the button of the page that posts a launch again.
document.getElementById('repeat').submit();
