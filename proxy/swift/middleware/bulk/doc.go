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
// Each regular file of the archive becomes an object whose name is what the URL
// says and the file's name, joined by '/'. One "./" and all '/' in front of a
// file's name are dropped; beyond that a name is a key and nothing in it means
// anything, ".." neither. Containers are created as they are needed. Links,
// folders, devices, and files that would lie outside of any container are passed
// over. X-Delete-At, X-Delete-After and X-Object-Meta-* of the request go to
// every object. Of the archive's pax records, global ones too,
//
//	SCHILY.xattr.user.mime_type, LIBARCHIVE.xattr.user.mime_type    Content-Type
//	SCHILY.xattr.user.meta.NAME, LIBARCHIVE.xattr.user.meta.NAME    X-Object-Meta-NAME
//
// # Answer
//
// It is 200 whatever happens; the body tells, in the form that Accept chooses:
// text/plain, application/json, application/xml or text/xml. It has "Response
// Status" (200 OK or 201 Created, else 400, 401, 411, 413, 406, 502), "Response
// Body", counters, and "Errors" with one [name, status] each for what failed.
// Work that takes more than ten seconds sends spaces before the body
// (swift.Heartbeat). If the client leaves, the work stops.
//
// Each name is a request of its own, authorized by itself with the token of the
// whole, and passes everything that the client's own request would pass. Before
// that, and before the body is read, a stranger gets 401, and a client without
// the right to write into the CONTAINER of an archive's path 403; here the answer
// is not 200 (authorize.go).
//
// # Bounds
//
// Nothing of an archive is kept but the file that is being stored. An archive may
// unpack to maxUnpackRatio times its length, and to maxPassRatio times its length
// of what is not stored; beyond 64 MiB both are 413. A list of names is held whole
// on the account of memory, and must arrive within swift.WholeBodyTime: nothing
// is deleted of a list that is cut short.
package bulk
