// SPDX-License-Identifier: Apache-2.0

// Package bulk does many writes in one request
// (swift/common/middleware/bulk.py).
//
// # Delete
//
//	POST or DELETE /v1/ACCOUNT[/…]?bulk-delete
//	Content-Type: text/plain
//
//	container/object
//	/container
//
// The body has one percent-encoded name a line, of an object or of a container;
// blank lines count nothing. All objects go before the first container, so that
// a list may empty containers and remove them.
//
// # Extract
//
//	PUT /v1/ACCOUNT[/CONTAINER[/PREFIX]]?extract-archive=tar|tar.gz|tar.bz2
//
// Each regular file of the archive becomes an object. The object's name is the
// path in the URL and the file's name, joined by '/'. One "./" and all '/' in
// front of a file's name are dropped. Beyond that a name is a key without any
// meaning, ".." included. Containers are created as needed. Links, folders,
// devices, and files outside of any container are passed over. X-Delete-At,
// X-Delete-After and X-Object-Meta-* of the request go to every object. Of the
// archive's pax records, global records too,
//
//	SCHILY.xattr.user.mime_type, LIBARCHIVE.xattr.user.mime_type    Content-Type
//	SCHILY.xattr.user.meta.NAME, LIBARCHIVE.xattr.user.meta.NAME    X-Object-Meta-NAME
//
// # Answer
//
// The status is 200 in any case; the body tells the outcome, in the form chosen
// by Accept: text/plain, application/json, application/xml or text/xml. The
// body has "Response Status" (200 OK or 201 Created, else 400, 401, 411, 413,
// 406, 502), "Response Body", counters, and "Errors" with a [name, status] for
// each failure. Work of more than ten seconds sends spaces before the body
// (swift.Heartbeat). If the client leaves, the work stops.
//
// Each name is a request of its own, authorized by itself with the token of the
// whole, and passes all features, like a request of the client. Before the body
// is read, a stranger gets 401, and a client without the right to write into
// the CONTAINER of an archive's path 403; these answers are not 200
// (authorize.go).
//
// # Bounds
//
// The server keeps nothing of an archive but the file being stored. An archive
// may unpack to maxUnpackRatio times its length, and to maxPassRatio times its
// length of bytes without a stored object; beyond 64 MiB both are 413. A list
// of names is held whole on the account of memory, and must arrive within
// web.WholeBodyTime: a list cut short deletes nothing.
package bulk
