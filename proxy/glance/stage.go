// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// The import methods (glance/api/v2/images.py import_image).
const (
	methodDirect   = "glance-direct" // the data was staged
	methodDownload = "web-download"  // the data is fetched from a URI
	methodCopy     = "copy-image"    // the data is copied to a second store, which this site does not have
)

// stageImage is PUT /v2/images/{image}/stage. The data is stored at its final
// place: an import gives the data to the image without a copy.
func (s *service) stageImage(c *call) (*web.Response, error) {
	if !slices.Contains(s.ImportMethods, methodDirect) {
		return nil, wire.Errorf(404, "'%s' method is not available at this site.", methodDirect)
	}
	return s.takeBody(c, intake{mayStage, statusUploading, quotaStage, func(m *image, a *arrival) error {
		m.Staged, m.SizeBytes = a, &a.SizeBytes
		return nil
	}})
}

// mayStage refuses an image that is not queued. Unlike an upload, a stage needs no
// formats: mayTakeImport asks for the formats later.
func mayStage(m *image) error {
	if m.Status != statusQueued {
		return wire.Errorf(409, "Image status transition from %s to uploading is not allowed", m.Status)
	}
	return nil
}
