package swift

// GeneratorHeader, in a response, names the feature that made the body up
// instead of reading an object. The gatekeeper keeps it from clients.
const GeneratorHeader = "X-Backend-Content-Generator"

// GeneratorStaticWeb is its value on staticweb's listings.
const GeneratorStaticWeb = "staticweb"
