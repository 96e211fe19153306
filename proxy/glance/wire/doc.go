// SPDX-License-Identifier: Apache-2.0

// Package wire has the forms in which the Image API speaks: error answers, JSON
// bodies, times and JSON schemas. Every part of the API (images, tasks, metadata
// definitions) uses the package, and the package knows no part.
//
// The answers follow OpenStack Glance 25, because programs compare answers as
// text. Error pages follow WebOb, Glance's HTTP library. Values in error messages
// look like the output of Python's repr.
package wire
