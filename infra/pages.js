// CloudFront Function (cloudfront-js-2.0) on each viewer's request: a folder's address is that of its index.html.
function handler(event) {
  var request = event.request;
  var to = { "/": "/console/", "/console": "/console/", "/kiosk": "/kiosk/", "/docs": "/docs/" }[request.uri];
  if (to) return { statusCode: 302, statusDescription: "Found", headers: { location: { value: to } } };
  if (request.uri.endsWith("/")) request.uri += "index.html";
  return request;
}
