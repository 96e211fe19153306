// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The visibilities of a namespace. A public namespace is shown to everybody.
const (
	visibilityPublic  = "public"
	visibilityPrivate = "private"
)

// recordVersion is the value of "version" in a record.
const recordVersion = 1

// namespace is a namespace with all of its parts: a record. The tags of the
// fields are the format on disk; times are microseconds since the Unix epoch.
type namespace struct {
	Version       int     `json:"version"`
	Namespace     string  `json:"namespace"`
	DisplayName   *string `json:"display_name"`
	Description   *string `json:"description"`
	Visibility    string  `json:"visibility"`
	Protected     bool    `json:"protected"` // the namespace cannot be deleted
	Owner         string  `json:"owner"`     // a project's ID
	CreatedMicros int64   `json:"created_us"`
	UpdatedMicros int64   `json:"updated_us"`
	ResourceTypes []part  `json:"resource_types,omitempty"`
	Properties    []part  `json:"properties,omitempty"`
	Objects       []part  `json:"objects,omitempty"`
	Tags          []part  `json:"tags,omitempty"`
}

// part is an association with a resource type, a property, an object or a tag.
type part struct {
	Name          string          `json:"name"`
	Body          json.RawMessage `json:"body,omitempty"` // all fields but the name, as a JSON object
	CreatedMicros int64           `json:"created_us"`
	UpdatedMicros int64           `json:"updated_us"`
}

// The kinds of parts, as paths of the API call the kinds.
const (
	kindResourceType = "resource_types"
	kindProperty     = "properties"
	kindObject       = "objects"
	kindTag          = "tags"
)

// checkRecord refuses a record of another version.
func (d *namespace) checkRecord() error {
	if d.Version != recordVersion {
		return fmt.Errorf("version %d", d.Version)
	}
	return nil
}

// parts returns the list with the parts of a kind, to be read or changed.
func (d *namespace) parts(kind string) *[]part {
	switch kind {
	case kindResourceType:
		return &d.ResourceTypes
	case kindProperty:
		return &d.Properties
	case kindObject:
		return &d.Objects
	}
	return &d.Tags
}

// findPart returns the index of a part, or -1.
func findPart(parts []part, name string) int {
	return slices.IndexFunc(parts, func(p part) bool { return p.Name == name })
}

// clone returns a copy for a change.
func (d *namespace) clone() *namespace {
	c := *d
	for _, kind := range []string{kindResourceType, kindProperty, kindObject, kindTag} {
		parts := c.parts(kind)
		*parts = slices.Clone(*parts)
	}
	return &c
}

// visibleTo says whether a caller sees the namespace: a private namespace
// belongs to its owner's project and to admins (glance/db).
func (d *namespace) visibleTo(c *Call) bool {
	return c.Admin || d.Visibility == visibilityPublic || c.Project != "" && d.Owner == c.Project
}
