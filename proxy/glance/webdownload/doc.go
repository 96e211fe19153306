// Package webdownload fetches what users name by a URI, and nothing of the
// operator's own network: the import method web-download of Glance
// (glance/common/utils.py validate_import_uri, [import_filtering_opts]).
//
// # Vocabulary
//
// A URI passes the filter by its scheme, host and port. An address passes by
// being one of the public network: private, shared, loopback, link-local and
// multicast addresses, metadata services and IPv4 inside of IPv6 do not, unless
// the operator allows the network.
//
// # Invariants
//
//   - The filter is asked about the URI and about each redirect.
//   - The address is judged after the name was resolved, on the connection that
//     is being made: a name that resolves differently the second time gains
//     nothing.
//   - No credentials, cookies or proxies of this process are used.
//   - Redirects, the time for a connection and for a head, and the silence
//     within a body are bounded. The caller bounds the length of the body.
//   - An error names what answered, and how. It is for the operator's log: who
//     named the URI must not learn it.
package webdownload
