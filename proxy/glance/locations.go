// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"

	"needletail/objstore"
	"needletail/proxy/glance/imageformat"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// An image with data has a single location: the URL under which glance_store's
// Swift driver finds the data. A PATCH that sets the location of a queued image
// gives data that lies there already to the image: a site moves from a glance-api
// without a copy of the data.

// location returns the URL of an image's data, as a glance-api stores the URL.
func (s *service) location(id string) string {
	return "swift+config://" + s.SwiftReference + "/" + string(s.Container) + "/" + id
}

// imageView returns an image as the site's options show images.
func (s *service) imageView(m *image) pyjson.Object {
	var shown pyjson.Object
	if s.ShowMultipleLocations {
		locations := pyjson.Array{}
		if m.SizeBytes != nil {
			locations = append(locations, pyjson.Object{
				{Key: "url", Value: s.location(m.ID)}, {Key: "metadata", Value: pyjson.Object{}},
			})
		}
		shown = append(shown, pyjson.Member{Key: "locations", Value: locations})
	}
	if s.ShowImageDirectURL && m.SizeBytes != nil {
		shown = append(shown, pyjson.Member{Key: "direct_url", Value: s.location(m.ID)})
	}
	return imageView(m, shown...)
}

// isLocation says whether the operation is on /locations.
func (p *patchOp) isLocation() bool { return p.path[0] == "locations" }

// mayLocate refuses operations on /locations, unless the site shows locations and
// the caller is an admin.
func (s *service) mayLocate(who caller) error {
	if !s.ShowMultipleLocations {
		return errLocationsInvisible
	}
	if !who.admin {
		return wire.Errorf(403, "You are not authorized to complete set_image_location action.")
	}
	return nil
}

// located reads the data at the location that the operations set, and returns a
// description of the data. The description is nil if no operation sets the
// location of a queued image.
func (s *service) located(c *call, ops []patchOp) (*arrival, error) {
	var found *arrival
	for _, op := range ops {
		if !op.isLocation() {
			continue
		}
		if err := s.mayLocate(c.caller); err != nil {
			return nil, err
		}
		if found != nil || op.op == "remove" || c.image.Status != statusQueued {
			continue
		}
		_, err := s.ownLocation(op, c.image.ID)
		if err == nil {
			found, err = s.readStored(c.Context(), c.image.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ownLocation returns the location in the value of an operation. The location
// must be the image's own place at this site.
func (s *service) ownLocation(op patchOp, id string) (pyjson.Object, error) {
	value := op.value
	if list, ok := value.(pyjson.Array); ok && op.op == "replace" {
		switch len(list) {
		case 0:
			return nil, wire.Errorf(403, "Cannot set locations to empty list.")
		case 1:
			value = list[0]
		}
	}
	location, ok := value.(pyjson.Object)
	if !ok || location.Get("url") != s.location(id) {
		return nil, wire.Errorf(400, "Invalid location")
	}
	return location, nil
}

// readStored reads the data that lies at an image's place, to the end.
func (s *service) readStored(ctx context.Context, id string) (*arrival, error) {
	o, err := s.images.open(ctx, id, "")
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) || errors.Is(err, errForeignData) {
		return nil, &wire.Error{Status: 400, Message: "Invalid location", Err: err}
	}
	if err != nil {
		return nil, err
	}
	sizeBytes := o.Info().SizeBytes
	if sizeBytes > s.MaxImageBytes {
		return nil, errors.Join(wire.Errorf(413, "Denying attempt to upload image larger than %d bytes.", s.MaxImageBytes), o.Close())
	}
	var seen imageformat.Inspector
	md5Sum, sha512Sum := md5.New(), sha512.New()
	_, err = io.Copy(io.MultiWriter(&seen, md5Sum, sha512Sum), o.Range(0, sizeBytes))
	if err := errors.Join(err, o.Close()); err != nil {
		return nil, err
	}
	return &arrival{sizeBytes, hex.EncodeToString(md5Sum.Sum(nil)), hex.EncodeToString(sha512Sum.Sum(nil)), seen.Inspect()}, nil
}

// applyLocation applies an operation on /locations. found is the result of
// located.
func (s *service) applyLocation(op patchOp, m *image, found *arrival) error {
	if m.Status != statusActive && (m.Status != statusQueued || op.op == "remove") {
		return wire.Errorf(409, "It's not allowed to %s locations if image status is %s.", op.op, m.Status)
	}
	if op.op == "remove" {
		return wire.Errorf(403, "Cannot remove last location in the image.")
	}
	location, err := s.ownLocation(op, m.ID)
	switch {
	case err != nil:
		return err
	case m.Status == statusActive && op.op == "replace":
		return nil
	case m.Status == statusActive:
		return wire.Errorf(400, "The location %s already exists", s.location(m.ID))
	case found == nil:
		return wire.Errorf(409, "Image %s was changed meanwhile.", m.ID)
	}
	if err := maySave(m); err != nil {
		return err
	}
	if err := found.matches(location); err != nil {
		return err
	}
	return s.activate(m, found)
}

// matches compares the data with the digests in the location's validation_data.
// An absent digest matches.
func (a *arrival) matches(location pyjson.Object) error {
	claimed, _ := location.Get("validation_data").(pyjson.Object)
	for key, is := range map[string]string{"checksum": a.MD5, "os_hash_algo": "sha512", "os_hash_value": a.SHA512} {
		if value := claimed.Get(key); value != nil && value != is {
			return wire.Errorf(409, "%s is already set with a different value", key)
		}
	}
	return nil
}
