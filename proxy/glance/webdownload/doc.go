// SPDX-License-Identifier: Apache-2.0

// Package webdownload fetches data from URIs of users, but never from the
// operator's own network. The package serves Glance's import method web-download
// (glance/common/utils.py validate_import_uri, [import_filtering_opts]).
//
// # Vocabulary
//
// A URI passes the filter by its scheme, host and port. An address passes the
// filter if the address is public. Private, shared, loopback, link-local and
// multicast addresses, metadata services and IPv4 inside of IPv6 do not pass,
// unless the operator allows the network.
//
// # Invariants
//
//   - The filter judges the URI and each redirect.
//   - The filter judges the address after the name was resolved, on the
//     connection itself: a name with a second, private address gains nothing.
//   - Credentials, cookies and proxies of this process are not used.
//   - Redirects, the time for a connection and for a head, and the silence
//     within a body are bounded. The caller bounds the length of the body.
//   - An error tells which server answered, and how. The error is for the
//     operator's log: a user could explore the operator's network with errors.
package webdownload
