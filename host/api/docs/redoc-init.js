// Fonts come from the system: nothing is loaded from elsewhere.
Redoc.init('/openapi.json', {
  expandResponses: '200,201',
  hideDownloadButton: false,
  theme: { typography: { fontFamily: 'system-ui, sans-serif', headings: { fontFamily: 'system-ui, sans-serif' } } },
}, document.getElementById('redoc'));
