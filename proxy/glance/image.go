// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
)

// The states of an image (glance/domain/__init__.py), and the way of an image
// through the states:
//
//	upload        queued -> saving -> active
//	stage, import queued -> uploading -> active
//	web-download  queued -> importing -> active
//	actions       active <-> deactivated
//	DELETE        any state -> deleted -> no record
//
// Data that does not arrive whole, or is refused, takes the image back to queued.
const (
	statusQueued      = "queued"      // a record without data
	statusSaving      = "saving"      // an upload runs
	statusUploading   = "uploading"   // data is on its way to the stage, or waits there for an import
	statusImporting   = "importing"   // a download runs
	statusActive      = "active"      // data is in place
	statusDeactivated = "deactivated" // data is in place, for admins only
	statusDeleted     = "deleted"     // the image is invisible; the data is being removed
)

// The visibilities of an image (glance/domain/__init__.py): everybody sees and
// lists a public image; everybody sees a community image, and lists the image
// on request; members see a shared image.
const (
	visibilityPublic    = "public"
	visibilityPrivate   = "private"
	visibilityShared    = "shared"
	visibilityCommunity = "community"
)

// The statuses of a membership: the answer of the project with which an image is
// shared.
const (
	memberPending  = "pending"
	memberAccepted = "accepted"
	memberRejected = "rejected"
)

// image is a record. The tags of the fields are the format on disk, a JSON
// object. Times are microseconds since the Unix epoch, sizes are bytes, min_ram
// is MiB, min_disk is GiB. A pointer is nil where the API shows null.
type image struct {
	Version         int        `json:"version"`
	ID              string     `json:"id"`
	Status          string     `json:"status"`
	Name            *string    `json:"name"`
	Visibility      string     `json:"visibility"`
	Owner           *string    `json:"owner"`
	DiskFormat      *string    `json:"disk_format"`
	ContainerFormat *string    `json:"container_format"`
	SizeBytes       *int64     `json:"size"`
	VirtualBytes    *int64     `json:"virtual_size"`
	Checksum        *string    `json:"checksum"` // MD5
	HashAlgo        *string    `json:"os_hash_algo"`
	HashValue       *string    `json:"os_hash_value"`
	Protected       bool       `json:"protected"`
	Hidden          bool       `json:"os_hidden"`
	MinRAMMiB       int64      `json:"min_ram"`
	MinDiskGiB      int64      `json:"min_disk"`
	CreatedMicros   int64      `json:"created_us"`
	UpdatedMicros   int64      `json:"updated_us"`
	Untouched       bool       `json:"untouched,omitempty"` // of a deleted image: the image had no data, and foreign data in its place stays
	Staged          *arrival   `json:"staged,omitempty"`    // data that waits for an import
	Tags            []string   `json:"tags,omitempty"`
	Properties      []property `json:"properties,omitempty"` // in the order of their coming
	Members         []member   `json:"members,omitempty"`

	// leftover says that the data of a failed upload could not be removed. The
	// field is not on disk: the record on disk still has the state of the upload,
	// and so a restart removes the data.
	leftover bool
}

// recordVersion is the value of "version" in a record.
const recordVersion = 1

// property is a custom property; kernel_id and ramdisk_id may be null.
type property struct {
	Name  string  `json:"n"`
	Value *string `json:"v"`
}

// member is a project with which the image is shared.
type member struct {
	Project       string `json:"project"`
	Status        string `json:"status"`
	CreatedMicros int64  `json:"created_us"`
	UpdatedMicros int64  `json:"updated_us"`
}

// clone returns a copy for a change.
func (m *image) clone() *image {
	c := *m
	c.Tags = slices.Clone(m.Tags)
	c.Properties = slices.Clone(m.Properties)
	c.Members = slices.Clone(m.Members)
	return &c
}

// descriptionBytes returns the length of the texts that an owner chooses freely:
// properties and tags.
func (m *image) descriptionBytes() (n int64) {
	for _, p := range m.Properties {
		n += int64(len(p.Name))
		if p.Value != nil {
			n += int64(len(*p.Value))
		}
	}
	for _, tag := range m.Tags {
		n += int64(len(tag))
	}
	return n
}

// heldBytes returns about how much memory the record takes. Fields that the
// server itself sets make no difference, so that an upload never fails for want
// of room for its record.
func (m *image) heldBytes() int64 {
	return recordBytes + m.descriptionBytes() + memberBytes*int64(len(m.Members)) + 64*int64(len(m.Properties)+len(m.Tags))
}

// owner returns the project, or "" for an image without an owner.
func (m *image) owner() string {
	if m.Owner == nil {
		return ""
	}
	return *m.Owner
}

// property finds a custom property.
func (m *image) property(name string) (index int, ok bool) {
	i := slices.IndexFunc(m.Properties, func(p property) bool { return p.Name == name })
	return i, i >= 0
}

// setProperty replaces a custom property or adds it at the end.
func (m *image) setProperty(name string, value *string) {
	if i, ok := m.property(name); ok {
		m.Properties[i].Value = value
		return
	}
	m.Properties = append(m.Properties, property{name, value})
}

// member finds the membership of a project.
func (m *image) member(project string) (index int, ok bool) {
	i := slices.IndexFunc(m.Members, func(x member) bool { return x.Project == project })
	return i, i >= 0
}

// receives says whether data is on its way to the image.
func (m *image) receives() bool {
	switch m.Status {
	case statusSaving, statusImporting:
		return true
	case statusUploading:
		return m.Staged == nil
	}
	return false
}

// dropData makes the record a record of an image without data.
func (m *image) dropData() {
	m.Status, m.Staged, m.leftover = statusQueued, nil, false
	m.SizeBytes, m.VirtualBytes = nil, nil
	m.Checksum, m.HashAlgo, m.HashValue = nil, nil, nil
}
