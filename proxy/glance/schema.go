// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"strings"
	"unicode/utf8"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// The limits follow Glance's schema and Glance's default quotas.
const (
	maxNameChars     = 255     // of names, tags, owners and property names
	maxProperties    = 128     // image_property_quota
	maxTags          = 128     // image_tag_quota
	maxMembers       = 128     // image_member_quota
	maxPropertyBytes = 1 << 16 // of a property's value; a TEXT column, in which Glance stores values, holds a byte less
)

// keyDeletionPolicy is the only custom property with a fixed set of values.
const keyDeletionPolicy = "cinder_encryption_key_deletion_policy"

var (
	diskFormats      = []string{"ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"}
	containerFormats = []string{"ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"}
	visibilities     = []string{visibilityCommunity, visibilityPublic, visibilityPrivate, visibilityShared}

	keyDeletionPolicies = []string{"on_image_deletion", "do_not_delete"}

	readOnlyAttributes = []string{"created_at", "updated_at", "status", "checksum", "size", "virtual_size",
		"direct_url", "self", "file", "schema", "id", "os_hash_algo", "os_hash_value"}
	reservedAttributes = []string{"location", "deleted", "deleted_at"}
	baseAttributes     = []string{"name", "disk_format", "container_format", "visibility", "protected",
		"min_ram", "min_disk", "owner", "os_hidden", "tags"}
)

// isReserved says whether Glance keeps a name for itself.
func isReserved(name string) bool {
	return slices.Contains(reservedAttributes, name) || strings.HasPrefix(name, "os_glance_")
}

// schemaError is the refusal of an image that does not match the schema, in the
// words of Glance.
func schemaError(reason string) error {
	return wire.Errorf(400, "Provided object does not match schema 'image': %s", reason)
}

// setAttribute checks a base attribute against the schema and sets it.
func (m *image) setAttribute(name string, v any) (err error) {
	switch name {
	case "name":
		m.Name, err = optionalText(v)
	case "owner":
		m.Owner, err = optionalText(v)
	case "disk_format":
		m.DiskFormat, err = optionalChoice(v, diskFormats)
	case "container_format":
		m.ContainerFormat, err = optionalChoice(v, containerFormats)
	case "visibility":
		text, ok := v.(string)
		if !ok || !slices.Contains(visibilities, text) {
			return schemaError(wire.Repr(v) + " is not one of " + wire.ReprList(visibilities, false))
		}
		m.Visibility = text
	case "protected":
		m.Protected, err = boolean(v)
	case "os_hidden":
		m.Hidden, err = boolean(v)
	case "min_ram":
		m.MinRAMMiB, err = notNegative(name, v)
	case "min_disk":
		m.MinDiskGiB, err = notNegative(name, v)
	case "tags":
		m.Tags, err = tagList(v)
	}
	return err
}

// propertyValue checks the value of a custom property and returns the value. The
// value is a string. The properties kernel_id and ramdisk_id, which name images,
// may be null: the returned value is then nil (etc/schema-image.json).
func propertyValue(name string, v any) (*string, error) {
	if name == "" || utf8.RuneCountInString(name) > maxNameChars {
		return nil, wire.Errorf(400, "Property names can be no longer than %d characters.", maxNameChars)
	}
	text, ok := v.(string)
	if name == "kernel_id" || name == "ramdisk_id" {
		switch {
		case v == nil:
			return nil, nil
		case !ok:
			return nil, schemaError(wire.Repr(v) + " is not of type 'null', 'string'")
		case !wire.IsUUID(text):
			return nil, schemaError(wire.Repr(v) + " does not match '" + uuidPattern + "'")
		}
	}
	if !ok {
		return nil, schemaError(wire.Repr(v) + " is not of type 'string'")
	}
	if name == keyDeletionPolicy && !slices.Contains(keyDeletionPolicies, text) {
		return nil, schemaError(wire.Repr(v) + " is not one of " + wire.ReprList(keyDeletionPolicies, false))
	}
	if len(text) > maxPropertyBytes {
		return nil, wire.Errorf(400, "The value of property %s is longer than %d bytes.", name, maxPropertyBytes)
	}
	return &text, nil
}

// uuidPattern is the pattern of IDs in the schema.
const uuidPattern = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"

// optionalText returns a text, or nil for null.
func optionalText(v any) (*string, error) {
	if v == nil {
		return nil, nil
	}
	text, ok := v.(string)
	if !ok {
		return nil, schemaError(wire.Repr(v) + " is not of type 'null', 'string'")
	}
	if utf8.RuneCountInString(text) > maxNameChars {
		return nil, schemaError(wire.Repr(v) + " is too long")
	}
	return &text, nil
}

// optionalChoice returns a text of the choices, or nil for null.
func optionalChoice(v any, choices []string) (*string, error) {
	if v == nil {
		return nil, nil
	}
	text, ok := v.(string)
	if !ok || !slices.Contains(choices, text) {
		return nil, schemaError(wire.Repr(v) + " is not one of " + wire.ReprList(choices, true))
	}
	return &text, nil
}

func boolean(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, schemaError(wire.Repr(v) + " is not of type 'boolean'")
	}
	return b, nil
}

// notNegative returns a number that a column of 32 bits holds.
func notNegative(name string, v any) (int64, error) {
	n, ok := v.(int64)
	if !ok {
		return 0, schemaError(wire.Repr(v) + " is not of type 'integer'")
	}
	if n < 0 || n > 1<<31-1 {
		return 0, wire.Errorf(400, "Invalid value '%d' for parameter '%s': Cannot be a negative value or above 2147483647.", n, name)
	}
	return n, nil
}

// tagList checks a list of tags and returns the tags, each once.
func tagList(v any) ([]string, error) {
	list, ok := v.(pyjson.Array)
	if !ok {
		return nil, schemaError(wire.Repr(v) + " is not of type 'array'")
	}
	var tags []string
	for _, item := range list {
		tag, ok := item.(string)
		if !ok {
			return nil, schemaError(wire.Repr(item) + " is not of type 'string'")
		}
		if tag == "" || utf8.RuneCountInString(tag) > maxNameChars {
			return nil, schemaError(wire.Repr(item) + " is too long or empty")
		}
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
		if len(tags) > maxTags {
			return nil, overQuota("tags", len(list), maxTags)
		}
	}
	return tags, nil
}

// overQuota is the refusal of more properties, tags or members than an image may
// have.
func overQuota(what string, attempted, limit int) error {
	return wire.Errorf(413, "The limit has been exceeded on the number of allowed image %s. Attempted: %d, Maximum: %d",
		what, attempted, limit)
}
