// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"net/http"
	"strconv"
	"strings"

	"needletail/objstore"
)

// versionLink is sysmeta of the stand-in for an object's newest version.
const versionLink = "X-Object-Sysmeta-Versions-Symlink"

// putHeader returns the lines with which the far end keeps the same object.
// Sysmeta does not pass a gatekeeper: the sysmeta of manifests and links
// travels under peerSysmeta, and, for Swift, as the line with the same meaning.
func putHeader(info *objstore.ObjectInfo) http.Header {
	h := http.Header{
		"Content-Type": {info.ContentType},
		"Etag":         {info.ETag},
		"X-Timestamp":  {info.Modified.String()},
	}
	if info.DeleteAt != 0 {
		h.Set("X-Delete-At", strconv.FormatInt(info.DeleteAt, 10))
	}
	for _, f := range info.Metadata {
		rest, system := strings.CutPrefix(f.Name, objstore.SysmetaObject)
		switch {
		case !system && f.Value != "":
			h.Set(f.Name, f.Value)
		case system && isCarried(rest):
			h.Set(peerSysmeta+rest, f.Value)
			if strings.HasPrefix(rest, "Symlink-") {
				h.Set("X-"+rest, f.Value)
			}
		}
	}
	return h
}
