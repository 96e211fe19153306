// Package controllers answers the verbs of accounts, containers and objects
// out of an objstore.Store: what swift/proxy/controllers does in OpenStack
// Swift. It is the end of the pipeline; features stand in front of it.
//
// Vocabulary: a route is a resource and a method with the right that it asks
// for; a call is one request on its way through a route.
//
// # Invariants
//
//   - Every route has a right, and the dispatcher asks for it before the
//     handler runs and before any byte of the body is read.
//   - What only an owner may see or set is decided by Request.Grant, which the
//     dispatcher's question has filled.
//   - Sysmeta passes both ways unchanged: the gatekeeper in front keeps it from
//     clients.
package controllers
