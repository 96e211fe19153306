// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// patchImage is PATCH /v2/images/{image}.
func (s *service) patchImage(c *call) (*web.Response, error) {
	old, err := patchType(c.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	body, err := wire.ReadJSON(c.Request)
	if err != nil {
		return nil, err
	}
	ops, err := parsePatch(body, old)
	if err != nil {
		return nil, err
	}
	found, err := s.located(c, ops)
	if err != nil {
		return nil, err
	}
	_, after, err := s.images.update(c.Context(), c.image.ID, func(m *image) error {
		if len(ops) == 0 {
			return errUnchanged
		}
		for _, op := range ops {
			if err := s.applyOp(c, op, m, found); err != nil {
				return err
			}
		}
		if len(m.Properties) > maxProperties {
			return overQuota("properties", len(m.Properties), maxProperties)
		}
		m.UpdatedMicros = s.nowMicros()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, s.imageView(after)), nil
}

// applyOp applies an operation to the image. found is the data that located read
// for operations on locations.
func (s *service) applyOp(c *call, op patchOp, m *image, found *arrival) error {
	if op.isLocation() {
		return s.applyLocation(op, m, found)
	}
	return op.apply(c.caller, m)
}

// check refuses an operation that no image allows: on an attribute that is
// read-only or reserved, or with a pointer of several tokens. Only a location may
// have a second token.
func (p *patchOp) check() error {
	root := p.path[0]
	switch {
	case slices.Contains(readOnlyAttributes, root):
		return wire.Errorf(403, "Attribute '%s' is read-only.", root)
	case isReserved(root):
		return wire.Errorf(403, "Attribute '%s' is reserved.", root)
	case p.isLocation() && p.op != "replace" && len(p.path) == 2 && isPosition(p.path[1]):
		return nil
	case len(p.path) != 1 || p.isLocation() && p.op != "replace":
		return wire.Errorf(400, "Invalid JSON pointer for this resource: '/%s'", wire.Cut(strings.Join(p.path, "/")))
	}
	return nil
}

// isPosition says whether a pointer's token names a place in the list of
// locations, which has a single place.
func isPosition(token string) bool { return token == "-" || token == "0" }

// apply applies the operation to the image.
func (p *patchOp) apply(who caller, m *image) error {
	name := p.path[0]
	if slices.Contains(baseAttributes, name) {
		return p.applyBase(who, m, name)
	}
	i, present := m.property(name)
	switch {
	case p.op == "add" && p.old && present:
		return wire.Errorf(409, "Property %s already present.", name)
	case p.op != "add" && !present:
		return wire.Errorf(409, "Property %s does not exist.", name)
	case p.op == "remove":
		m.Properties = slices.Delete(m.Properties, i, i+1)
		return nil
	}
	value, err := propertyValue(name, p.value)
	if err == nil {
		m.setProperty(name, value)
	}
	return err
}

// applyBase applies the operation to a base attribute.
func (p *patchOp) applyBase(who caller, m *image, name string) error {
	switch {
	case p.op == "remove":
		return wire.Errorf(403, "Property %s may not be removed.", name)
	case p.op == "add" && p.old:
		return wire.Errorf(409, "Property %s already present.", name)
	}
	before := *m
	if err := m.setAttribute(name, p.value); err != nil {
		return err
	}
	switch name {
	case "disk_format", "container_format":
		if m.Status != statusQueued {
			return wire.Errorf(403, "Attribute %s can be only replaced for a queued image.", name)
		}
	case "owner":
		if !who.admin {
			return wire.Errorf(403, "Owner can't be updated by non admin.")
		}
	case "visibility":
		if m.Visibility != before.Visibility {
			return mayPublish(who, m)
		}
	}
	return nil
}
