// Package wire is how the Image API speaks: its error answers, JSON bodies,
// times and JSON schemas. Every part of the API (images, tasks, metadata
// definitions) uses the package, and the package knows no part.
//
// The answers are those of OpenStack Glance 25, which Python programs compare
// as text. Error pages follow WebOb, Glance's HTTP library; values in error
// messages look as Python's repr shows them.
package wire
