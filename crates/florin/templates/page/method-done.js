if (window.parent !== window) { window.parent.postMessage("florin-3ds-method-done", window.location.origin); }
