// SPDX-License-Identifier: Apache-2.0

package swift

// GeneratorHeader is a response line for a generated body, in contrast to an
// object's. The value names the feature. The gatekeeper keeps the line from
// clients.
const GeneratorHeader = "X-Backend-Content-Generator"

// GeneratorStaticWeb is the value of GeneratorHeader on staticweb's listings.
const GeneratorStaticWeb = "staticweb"
