// The end of a dynamic registration: the platform closes this window or frame.
(window.opener || window.parent).postMessage({ subject: 'org.imsglobal.lti.close' }, '*');
