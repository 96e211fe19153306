// SPDX-License-Identifier: Apache-2.0

// Package controllers answers the verbs of accounts, containers and objects out
// of an objstore.Store, in the role of swift/proxy/controllers in OpenStack
// Swift. The package is the end of the pipeline; all features stand in front.
//
// Vocabulary: a route is a resource and a method, with the right that a request
// needs. A call is a request on its way through a route.
//
// # Invariants
//
//   - Every route has a right. The dispatcher asks for the right before the
//     handler runs and before any byte of the body is read.
//   - The dispatcher's question fills Request.Grant. Grant decides about
//     everything that only an owner may see or set.
//   - After a write, the dispatcher makes the request forget the looked-up
//     accounts and containers.
//   - Sysmeta passes unchanged in both directions. The gatekeeper in front
//     keeps sysmeta from clients.
package controllers
