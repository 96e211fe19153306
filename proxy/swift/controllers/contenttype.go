// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"unicode/utf8"

	"needletail/proxy/web"
)

// DefaultContentType is the type of an object with a name that suggests no
// type.
const DefaultContentType = "application/octet-stream"

// suffixes and encodings are the tables of Python's mimetypes module.
var (
	suffixes = map[string]string{
		".svgz": ".svg.gz", ".tgz": ".tar.gz", ".taz": ".tar.gz", ".tz": ".tar.gz",
		".tbz2": ".tar.bz2", ".txz": ".tar.xz",
	}
	encodings = map[string]bool{".gz": true, ".Z": true, ".bz2": true, ".xz": true, ".br": true}
)

// GuessContentType returns the type that a name's extension suggests, as
// Python's mimetypes.guess_type does, or DefaultContentType.
func GuessContentType(name string) string {
	base, ext := splitExtension(name)
	for range len(suffixes) {
		longer, ok := suffixes[ext]
		if !ok {
			break
		}
		base, ext = splitExtension(base + longer)
	}
	if encodings[ext] {
		_, ext = splitExtension(base)
	}
	if t, ok := typesByExtension[ext]; ok {
		return t
	}
	if t, ok := typesByExtension[strings.ToLower(ext)]; ok {
		return t
	}
	return DefaultContentType
}

// splitExtension is posixpath.splitext: leading dots of the last component
// begin no extension.
func splitExtension(path string) (base, ext string) {
	file := strings.LastIndexByte(path, '/') + 1
	for file < len(path) && path[file] == '.' {
		file++
	}
	if dot := strings.LastIndexByte(path[file:], '.'); dot >= 0 {
		return path[:file+dot], path[file+dot:]
	}
	return path, ""
}

// CheckContentType refuses a type that is not UTF-8, and parameters that Swift
// keeps for itself (swift/proxy/controllers/obj.py: check_content_type).
func CheckContentType(contentType string) error {
	if !utf8.ValidString(contentType) || strings.IndexByte(contentType, 0) >= 0 {
		return web.Textf(400, "Invalid Content-Type")
	}
	_, parameters, _ := strings.Cut(contentType, ";")
	for _, p := range strings.Split(parameters, ";") {
		if strings.HasPrefix(strings.TrimLeft(p, " \t"), "swift_") {
			return web.Statusf(400, "Invalid Content-Type, swift_* is not a valid parameter name.")
		}
	}
	return nil
}
