// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// imageView returns an image as the API shows images: custom properties first,
// then the order of glance/api/v2/images.py ResponseSerializer._format_image.
// locations are the members about the place of the data.
func imageView(m *image, locations ...pyjson.Member) pyjson.Object {
	view := make(pyjson.Object, 0, len(m.Properties)+22)
	for _, p := range m.Properties {
		view = append(view, pyjson.Member{Key: p.Name, Value: p.Value})
	}
	self := "/v2/images/" + m.ID
	tags := m.Tags
	if tags == nil {
		tags = []string{}
	}
	view = append(view, pyjson.Object{
		{Key: "name", Value: m.Name},
		{Key: "disk_format", Value: m.DiskFormat},
		{Key: "container_format", Value: m.ContainerFormat},
		{Key: "visibility", Value: m.Visibility},
		{Key: "size", Value: orNull(m.SizeBytes)},
		{Key: "virtual_size", Value: orNull(m.VirtualBytes)},
		{Key: "status", Value: m.Status},
		{Key: "checksum", Value: m.Checksum},
		{Key: "protected", Value: m.Protected},
		{Key: "min_ram", Value: m.MinRAMMiB},
		{Key: "min_disk", Value: m.MinDiskGiB},
		{Key: "owner", Value: m.Owner},
		{Key: "os_hidden", Value: m.Hidden},
		{Key: "os_hash_algo", Value: m.HashAlgo},
		{Key: "os_hash_value", Value: m.HashValue},
		{Key: "id", Value: m.ID},
		{Key: "created_at", Value: wire.Time(m.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(m.UpdatedMicros)},
	}...)
	view = append(view, locations...)
	return append(view, pyjson.Object{
		{Key: "tags", Value: tags},
		{Key: "self", Value: self},
		{Key: "file", Value: self + "/file"},
		{Key: "schema", Value: "/v2/schemas/image"},
	}...)
}

// memberView returns a member as the API shows members
// (glance/api/v2/image_members.py).
func memberView(imageID string, m *member) pyjson.Object {
	return pyjson.Object{
		{Key: "member_id", Value: m.Project},
		{Key: "image_id", Value: imageID},
		{Key: "status", Value: m.Status},
		{Key: "created_at", Value: wire.Time(m.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(m.UpdatedMicros)},
		{Key: "schema", Value: "/v2/schemas/member"},
	}
}

// orNull returns *n, or a nil that pyjson writes as null.
func orNull(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}
