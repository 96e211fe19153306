package glance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"needletail/objstore"
	"needletail/proxy/glance/imageformat"
	"needletail/proxy/swift"
)

const octetStream = "application/octet-stream"

// uploadImage is PUT /v2/images/{image}/file: queued, saving, active, and back
// to queued if the data does not arrive whole.
func (s *service) uploadImage(c *call) (*swift.Response, error) {
	sizeBytes, err := s.checkUpload(c)
	if err != nil {
		return nil, err
	}
	// The head is read while the image is still queued: a
	// client that waits for "100 Continue" and goes away has changed nothing.
	head, err := readHead(c.Body)
	if err != nil {
		return nil, err
	}
	if err := s.beginSaving(c); err != nil {
		return nil, err
	}
	// From here the record must not stay "saving", whatever becomes of the
	// request.
	ctx := context.WithoutCancel(c.Context())
	var seen imageformat.Inspector
	info, err := s.storeData(c, io.TeeReader(io.MultiReader(bytes.NewReader(head), c.Body), &seen), sizeBytes)
	stored := err == nil
	if stored {
		err = s.activate(ctx, c.image.ID, &seen, info)
	}
	if err == nil {
		return emptyResponse(204), nil
	}
	if s.images.requeue(ctx, c.image.ID, stored) {
		return nil, &failure{status: 410, message: "Image " + c.image.ID + " was deleted during the upload.", err: err}
	}
	return nil, err
}

// firstReadBytes is how much of a body is read before the image is "saving".
const firstReadBytes = 32

// readHead reads the first firstReadBytes, or all of a shorter body. It is not
// io.ReadFull: that gives io.ErrUnexpectedEOF for the end of a short body, and
// a body that was cut off may give the same.
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

// checkUpload makes the checks that need no body. It gives the length of the
// body, or -1 if that is not stated.
func (s *service) checkUpload(c *call) (int64, error) {
	mediaType, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(mediaType) != octetStream {
		return 0, failf(415, "Unsupported Content-Type: the data of an image is %s.", octetStream)
	}
	if c.Header.Has("X-Image-Meta-Store") {
		return 0, failf(400, "Stores are not enabled at this site.")
	}
	if err := maySave(c.image); err != nil {
		return 0, err
	}
	if c.ContentLength > s.MaxImageBytes {
		return 0, failf(413, "Denying attempt to upload image larger than %d bytes.", s.MaxImageBytes)
	}
	if c.ContentLength == swift.NoLength {
		return 0, nil
	}
	return c.ContentLength, nil
}

func maySave(m *image) error {
	if m.Status != statusQueued {
		return failf(409, "Image status transition from %s to saving is not allowed", m.Status)
	}
	var missing []string
	if m.DiskFormat == nil {
		missing = append(missing, "disk_format")
	}
	if m.ContainerFormat == nil {
		missing = append(missing, "container_format")
	}
	if missing != nil {
		return failf(400, "Properties %s must be set prior to saving data.", strings.Join(missing, ", "))
	}
	return nil
}

// beginSaving claims the image for this upload.
func (s *service) beginSaving(c *call) error {
	_, _, err := s.images.update(c.Context(), c.image.ID, func(m *image) error {
		if err := maySave(m); err != nil {
			return err
		}
		m.Status, m.UpdatedMicros = statusSaving, s.nowMicros()
		return nil
	})
	return err
}

// storeData stores the body, with MD5 and SHA-512 taken in the same pass.
func (s *service) storeData(c *call, body io.Reader, sizeBytes int64) (info objstore.ObjectInfo, err error) {
	err = s.images.putCreating(c.Context(), s.images.data, func() error {
		info, err = s.Store.PutObject(c.Context(), s.images.dataID(c.image.ID), body, objstore.PutOptions{
			SizeBytes: sizeBytes, MaxBytes: s.MaxImageBytes, ContentType: octetStream, SHA512: true,
		})
		return err
	})
	return info, err
}

// activate makes the stored data the image's, if it is what the image is
// declared to be.
func (s *service) activate(ctx context.Context, id string, seen *imageformat.Inspector, info objstore.ObjectInfo) error {
	_, _, err := s.images.update(ctx, id, func(m *image) error {
		if m.Status != statusSaving {
			return fmt.Errorf("image %s is %s after its upload", id, m.Status)
		}
		virtualBytes, err := s.checkFormat(m, seen)
		if err != nil {
			return err
		}
		algo := "sha512"
		m.Status, m.UpdatedMicros = statusActive, s.nowMicros()
		m.SizeBytes, m.VirtualBytes = &info.SizeBytes, virtualBytes
		m.Checksum, m.HashAlgo, m.HashValue = &info.ETag, &algo, &info.SHA512
		return nil
	})
	return err
}
