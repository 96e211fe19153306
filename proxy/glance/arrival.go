// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"fmt"
	"io"

	"needletail/objstore"
	"needletail/proxy/glance/imageformat"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

// arrival describes data that came whole. The tags of the fields are the format
// on disk.
type arrival struct {
	SizeBytes int64               `json:"size"`
	MD5       string              `json:"md5"`
	SHA512    string              `json:"sha512"`
	Found     imageformat.Finding `json:"found"`
}

// intake is a way for data to come to an image: an upload, a stage or a
// download.
type intake struct {
	may    func(*image) error           // refuses an image that may not receive
	during string                       // the status while the data comes
	quota  string                       // the resource that the data counts against
	done   func(*image, *arrival) error // gives the data to the image
}

// begin claims the image for an intake.
func (s *service) begin(ctx context.Context, id string, in intake) error {
	_, _, err := s.images.update(ctx, id, func(m *image) error {
		if err := in.may(m); err != nil {
			return err
		}
		m.Status, m.UpdatedMicros = in.during, s.nowMicros()
		return nil
	})
	return err
}

// receive stores the data of an image after begin, and gives the data to the
// image. If the data does not arrive whole, or is refused, the image is queued
// again, even if ctx has ended.
func (s *service) receive(ctx context.Context, id string, in intake, body io.Reader, sizeBytes int64) error {
	lasting := context.WithoutCancel(ctx)
	a, err := s.storeData(ctx, id, body, sizeBytes)
	stored := err == nil
	if stored {
		err = s.complete(lasting, id, in, a)
	}
	if err == nil {
		return nil
	}
	if s.images.requeue(lasting, id, stored) {
		return &wire.Error{Status: 410, Message: "Image " + id + " was deleted during the upload.", Err: err}
	}
	return err
}

// storeData stores the body. The same pass takes MD5 and SHA-512 and inspects
// the format.
func (s *service) storeData(ctx context.Context, id string, body io.Reader, sizeBytes int64) (*arrival, error) {
	var seen imageformat.Inspector
	var info objstore.ObjectInfo
	body = io.TeeReader(body, &seen)
	err := recordbook.CreatingContainer(ctx, s.Store, s.images.data, func() (err error) {
		info, err = s.Store.PutObject(ctx, s.images.dataID(id), body, objstore.PutOptions{
			SizeBytes: sizeBytes, MaxBytes: s.MaxImageBytes, ContentType: octetStream, SHA512: true,
		})
		return err
	})
	return &arrival{info.SizeBytes, info.ETag, info.SHA512, seen.Inspect()}, err
}

// complete gives the stored data to the image.
func (s *service) complete(ctx context.Context, id string, in intake, a *arrival) error {
	_, _, err := s.images.update(ctx, id, func(m *image) error {
		if m.Status != in.during || m.Staged != nil {
			return fmt.Errorf("image %s is %s after its data came", id, m.Status)
		}
		m.UpdatedMicros = s.nowMicros()
		return in.done(m, a)
	})
	return err
}

// activate makes the image active, if the data has the declared format.
func (s *service) activate(m *image, a *arrival) error {
	virtualBytes, err := s.checkFormat(m, a.Found)
	if err != nil {
		return err
	}
	algo := "sha512"
	m.Status, m.Staged = statusActive, nil
	m.SizeBytes, m.VirtualBytes = &a.SizeBytes, virtualBytes
	m.Checksum, m.HashAlgo, m.HashValue = &a.MD5, &algo, &a.SHA512
	return nil
}
