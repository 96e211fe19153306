// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"cmp"
	"slices"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// partsMax bounds the parts of a kind in a namespace.
const partsMax = 4096

// setAttributes takes the attributes of the namespace itself from a body that
// was checked, with Glance's defaults for absent attributes.
func (d *namespace) setAttributes(body pyjson.Object) {
	d.Namespace, _ = body.Get("namespace").(string)
	d.DisplayName, d.Description = optional(body, "display_name"), optional(body, "description")
	d.Visibility, _ = body.Get("visibility").(string)
	d.Visibility = cmp.Or(d.Visibility, visibilityPrivate)
	d.Protected, _ = body.Get("protected").(bool)
	if owner, ok := body.Get("owner").(string); ok {
		d.Owner = owner
	}
}

// optional returns the text under a key, or nil without a text.
func optional(o pyjson.Object, key string) *string {
	if text, ok := o.Get(key).(string); ok {
		return &text
	}
	return nil
}

// setAllParts adds the parts in the body of a namespace that was checked.
func (d *namespace) setAllParts(body pyjson.Object, nowMicros int64) error {
	for _, m := range body {
		switch m.Key {
		case "resource_type_associations", "objects", "tags":
			kind := strings.Replace(m.Key, "resource_type_associations", kindResourceType, 1)
			for _, item := range m.Value.(pyjson.Array) {
				if err := d.setPart(kind, "", newPart(item.(pyjson.Object), nowMicros)); err != nil {
					return err
				}
			}
		case "properties":
			for _, p := range m.Value.(pyjson.Object) {
				added := newPart(p.Value.(pyjson.Object), nowMicros)
				added.Name = p.Key
				if err := d.setPart(kindProperty, "", added); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// newPart returns the part in a body that was checked. The fields "self" and
// "schema" are not kept, because a view derives both.
func newPart(o pyjson.Object, nowMicros int64) part {
	p := part{CreatedMicros: nowMicros, UpdatedMicros: nowMicros}
	p.Name, _ = o.Get("name").(string)
	rest := slices.DeleteFunc(slices.Clone(o), func(m pyjson.Member) bool {
		return slices.Contains([]string{"name", "self", "schema"}, m.Key)
	})
	if len(rest) > 0 {
		p.Body = pyjson.Marshal(rest)
	}
	return p
}

// setPart adds a part if old is "". Else setPart replaces the part named old,
// and p may have another name.
func (d *namespace) setPart(kind, old string, p part) error {
	parts := d.parts(kind)
	i := findPart(*parts, p.Name)
	if old == "" {
		if i >= 0 {
			return d.partExists(kind, p.Name)
		}
		if len(*parts) >= partsMax {
			return wire.Errorf(413, "The namespace has %d %s already.", partsMax, kind)
		}
		*parts = append(*parts, p)
		return nil
	}
	at := findPart(*parts, old)
	if at < 0 {
		return d.noPart(kind, old)
	}
	if i >= 0 && i != at {
		return d.partExists(kind, p.Name)
	}
	p.CreatedMicros = (*parts)[at].CreatedMicros
	(*parts)[at] = p
	return nil
}

func (d *namespace) deletePart(kind, name string) error {
	parts := d.parts(kind)
	i := findPart(*parts, name)
	if i < 0 {
		return d.noPart(kind, name)
	}
	*parts = slices.Delete(*parts, i, i+1)
	return nil
}

func (d *namespace) partExists(kind, name string) error {
	return wire.Errorf(409, "A metadata definition %s with name=%s already exists in namespace=%s.", kindWord(kind), name, d.Namespace)
}

func (d *namespace) noPart(kind, name string) error {
	if kind == kindResourceType {
		return wire.Errorf(404, "The metadata definition resource-type association of resource-type=%s to namespace=%s was not found.", wire.Cut(name), d.Namespace)
	}
	return wire.Errorf(404, "The metadata definition %s with name=%s was not found in namespace=%s.", kindWord(kind), wire.Cut(name), d.Namespace)
}

// kindWord returns the name that Glance's messages give to a kind of parts.
func kindWord(kind string) string {
	switch kind {
	case kindProperty:
		return "property"
	case kindObject:
		return "object"
	case kindTag:
		return "tag"
	}
	return "resource-type association"
}
