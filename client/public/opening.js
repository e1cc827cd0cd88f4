/**
 * Says that the page cannot be opened, or that the browser is too old for it. This is a classic script without new
 * syntax, so that browsers run it which cannot run the page; its two sentences are in index.html.
 */
(function () {
  // the last thing that the page needs and that came with Chrome 100, Firefox 97 and Safari 15.4
  var isTooOld = !window.AbortSignal || !('throwIfAborted' in window.AbortSignal.prototype);

  function show(id) {
    var sentence = document.getElementById(id); // none once the page has opened
    if (sentence) sentence.removeAttribute('hidden');
  }

  function onFault(event) {
    var isElement = event.target && event.target.nodeType === 1;
    if (isElement && event.target.nodeName !== 'SCRIPT') return; // such as a picture that cannot be loaded
    if (event.filename && event.filename.indexOf(location.origin + '/') !== 0) return; // an extension's
    show(isTooOld ? 'too-old' : 'not-opened');
  }

  window.addEventListener('error', onFault, true);
  window.addEventListener('unhandledrejection', onFault);
  if (isTooOld) show('too-old');
})();
