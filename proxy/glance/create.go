// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"
	"slices"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// createImage is POST /v2/images.
func (s *service) createImage(c *call) (*web.Response, error) {
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return nil, err
	}
	m, err := s.newImage(c.caller, body)
	if err != nil {
		return nil, err
	}
	if err := s.mayUse(c, quotaCount, 1); err != nil {
		return nil, err
	}
	err = s.images.add(c.Context(), m)
	if errors.Is(err, errImageExists) {
		return nil, wire.Errorf(409, "Image ID %s already exists!", m.ID)
	}
	if err != nil {
		return nil, err
	}
	res := wire.JSON(201, s.imageView(m))
	res.Header.Add("Location", c.BaseURL()+"/v2/images/"+m.ID)
	if len(s.ImportMethods) > 0 {
		res.Header.Add("OpenStack-image-import-methods", strings.Join(s.ImportMethods, ","))
	}
	return res, nil
}

// newImage returns a queued image with the attributes of the body, if the caller
// may create the image.
func (s *service) newImage(who caller, body pyjson.Object) (*image, error) {
	now := s.nowMicros()
	m := &image{
		ID: wire.NewUUID(), Status: statusQueued, Visibility: visibilityShared,
		CreatedMicros: now, UpdatedMicros: now,
	}
	if who.project != "" {
		m.Owner = &who.project
	}
	if err := checkNames(body); err != nil {
		return nil, err
	}
	for _, f := range body {
		if err := m.setNew(f.Key, f.Value); err != nil {
			return nil, err
		}
	}
	if len(m.Properties) > maxProperties {
		return nil, overQuota("properties", len(m.Properties), maxProperties)
	}
	return m, mayCreate(who, m)
}

// checkNames refuses attributes that no client may set (glance/api/v2/images.py
// RequestDeserializer._check_allowed).
func checkNames(body pyjson.Object) error {
	for _, f := range body {
		switch {
		case slices.Contains([]string{"direct_url", "self", "file", "schema", "stores"}, f.Key):
			return wire.Errorf(403, "Attribute '%s' is read-only.", f.Key)
		case isReserved(f.Key):
			return wire.Errorf(403, "Attribute '%s' is reserved.", f.Key)
		}
	}
	return nil
}

// setNew sets an attribute or a custom property of a new image.
func (m *image) setNew(name string, v any) error {
	switch {
	case name == "id":
		id, ok := v.(string)
		if !ok || !wire.IsUUID(id) {
			return schemaError(wire.Repr(v) + " does not match '" + uuidPattern + "'")
		}
		m.ID = id
		return nil
	case name == "locations":
		return errLocationsInvisible
	case slices.Contains(readOnlyAttributes, name):
		return wire.Errorf(403, "Attribute '%s' is read-only.", name)
	case slices.Contains(baseAttributes, name):
		return m.setAttribute(name, v)
	}
	value, err := propertyValue(name, v)
	if err == nil {
		m.Properties = append(m.Properties, property{name, value})
	}
	return err
}

// errLocationsInvisible refuses "locations" while show_multiple_locations is off.
var errLocationsInvisible = wire.Errorf(403, "It's not allowed to add/replace/update locations if locations are invisible.")

// mayCreate is the part of the rule add_image about the new image: its owner must
// be the caller's project.
func mayCreate(who caller, m *image) error {
	if who.admin {
		return nil
	}
	if !who.owns(m) {
		owner := "None"
		if m.Owner != nil {
			owner = *m.Owner
		}
		return wire.Errorf(403, "You are not permitted to create images owned by '%s'.", owner)
	}
	return mayPublish(who, m)
}

// mayPublish refuses a public image of a caller who is not an admin.
func mayPublish(who caller, m *image) error {
	if m.Visibility == visibilityPublic && !who.admin {
		return wire.Errorf(403, "You are not authorized to complete publicize_image action.")
	}
	return nil
}

// showImage is GET /v2/images/{image}.
func (s *service) showImage(c *call) (*web.Response, error) {
	return wire.JSON(200, s.imageView(c.image)), nil
}

// deleteImage is DELETE /v2/images/{image}.
func (s *service) deleteImage(c *call) (*web.Response, error) {
	err := s.images.remove(c.Context(), c.image.ID, func(m *image) error {
		if m.Protected {
			return wire.Errorf(403, "Image %s is protected and cannot be deleted.", m.ID)
		}
		m.UpdatedMicros = s.nowMicros()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}
