// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"bytes"
	"io"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

const octetStream = "application/octet-stream"

// uploadImage is PUT /v2/images/{image}/file. The image goes from queued to
// saving to active, and back to queued if the data does not arrive whole.
func (s *service) uploadImage(c *call) (*web.Response, error) {
	return s.takeBody(c, intake{maySave, statusSaving, quotaSize, s.activate})
}

// takeBody receives the data of an image from the request.
func (s *service) takeBody(c *call, in intake) (*web.Response, error) {
	sizeBytes, err := s.checkUpload(c, in)
	if err != nil {
		return nil, err
	}
	// The head is read while the image is still queued: a client that waits for
	// "100 Continue" and goes away has changed nothing.
	head, err := readHead(c.Body)
	if err != nil {
		return nil, err
	}
	if err := s.begin(c.Context(), c.image.ID, in); err != nil {
		return nil, err
	}
	body := io.MultiReader(bytes.NewReader(head), c.Body)
	if err := s.receive(c.Context(), c.image.ID, in, body, sizeBytes); err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}

// firstReadBytes is the part of a body that is read before the image changes.
const firstReadBytes = 32

// readHead returns the first firstReadBytes, or all of a shorter body. io.ReadFull
// would not do: io.ReadFull returns io.ErrUnexpectedEOF at the end of a short
// body, and a body that was cut off may return the same error.
func readHead(body io.Reader) ([]byte, error) {
	head := make([]byte, 0, firstReadBytes)
	for len(head) < firstReadBytes {
		n, err := body.Read(head[len(head):firstReadBytes])
		head = head[:len(head)+n]
		if err == io.EOF {
			return head, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return head, nil
}

// checkUpload makes the checks that need no body, and returns the length of the
// body, -1 for a length that the client does not state.
func (s *service) checkUpload(c *call, in intake) (int64, error) {
	mediaType, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(mediaType) != octetStream {
		return 0, wire.Errorf(415, "Unsupported Content-Type: the data of an image is %s.", octetStream)
	}
	if c.Header.Has("X-Image-Meta-Store") {
		return 0, wire.Errorf(400, "Stores are not enabled at this site.")
	}
	if err := in.may(c.image); err != nil {
		return 0, err
	}
	if c.ContentLength > s.MaxImageBytes {
		return 0, wire.Errorf(413, "Denying attempt to upload image larger than %d bytes.", s.MaxImageBytes)
	}
	if err := s.mayUse(c, in.quota, max(c.ContentLength, 0)/mebi); err != nil {
		return 0, err
	}
	if err := s.mayUse(c, quotaUploading, 1); err != nil {
		return 0, err
	}
	if c.ContentLength == web.NoLength {
		return 0, nil
	}
	return c.ContentLength, nil
}

// maySave refuses an image that is not queued, or that has no formats yet.
func maySave(m *image) error {
	if m.Status != statusQueued {
		return wire.Errorf(409, "Image status transition from %s to saving is not allowed", m.Status)
	}
	var missing []string
	if m.DiskFormat == nil {
		missing = append(missing, "disk_format")
	}
	if m.ContainerFormat == nil {
		missing = append(missing, "container_format")
	}
	if missing != nil {
		return wire.Errorf(400, "Properties %s must be set prior to saving data.", strings.Join(missing, ", "))
	}
	return nil
}
