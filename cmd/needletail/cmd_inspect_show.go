// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// inspected is everything that the command prints.
type inspected struct {
	Store     string          `json:"store,omitempty"`
	Account   *shownAccount   `json:"account,omitempty"`
	Container *shownContainer `json:"container,omitempty"`
	Object    *shownObject    `json:"object,omitempty"`
	Place     string          `json:"place,omitempty"` // "inline" or "file"
	ID        string          `json:"id,omitempty"`
	Damage    string          `json:"damage,omitempty"` // of an inline body
	Files     []inspectedFile `json:"files,omitempty"`
}

// shownAccount, shownContainer and shownObject are rows of the index. Names are
// bytes; a name that is not UTF-8 is quoted.
type shownAccount struct {
	Name       string            `json:"name"`
	Created    string            `json:"created"`
	Containers int64             `json:"containers"`
	Objects    int64             `json:"objects"`
	Bytes      int64             `json:"bytes"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

type shownContainer struct {
	Name     string            `json:"name"`
	Policy   int               `json:"policy"`
	Created  string            `json:"created"`
	Modified string            `json:"modified"`
	Objects  int64             `json:"objects"`
	Bytes    int64             `json:"bytes"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type shownObject struct {
	Name        string            `json:"name"`
	Policy      int               `json:"policy"`
	Size        int64             `json:"size"`
	ETag        string            `json:"etag"`
	SHA512      string            `json:"sha512,omitempty"`
	ContentType string            `json:"content_type"`
	Created     string            `json:"created"`
	Modified    string            `json:"modified"`
	DeleteAt    int64             `json:"delete_at,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

func describe(name objstore.ObjectID, in *fsck.Inspection) *inspected {
	v := &inspected{Store: in.Store}
	switch {
	case in.Account != nil:
		v.Account = &shownAccount{Name: shown("/" + string(name.Account)), Created: in.Account.Created.String(),
			Containers: in.Counts.Containers, Objects: in.Counts.Objects, Bytes: in.Counts.Bytes, Metadata: showMetadata(in.Account.Metadata)}
	case in.Container != nil:
		row := in.Container
		v.Container = &shownContainer{Name: shown(name.ContainerID().String()), Policy: int(row.Policy), Created: row.Created.String(),
			Modified: row.Modified.String(), Objects: in.Counts.Objects, Bytes: in.Counts.Bytes, Metadata: showMetadata(row.Metadata)}
	default:
		row := in.Object
		v.Object, v.ID, v.Place = showObject(name, row.Policy, &row.Info), device.ID(row.ID).String(), "file"
		if row.Place == meta.PlaceInline {
			v.Place = "inline"
		}
	}
	return v
}

func showObject(name objstore.ObjectID, policy objstore.PolicyIndex, i *objstore.ObjectInfo) *shownObject {
	return &shownObject{Name: shown(name.String()), Policy: int(policy), Size: i.SizeBytes, ETag: i.ETag, SHA512: i.SHA512,
		ContentType: shown(i.ContentType), Created: i.Created.String(), Modified: i.Modified.String(), DeleteAt: i.DeleteAt,
		Metadata: showMetadata(i.Metadata)}
}

// shown returns s as text on one line, without losing a byte.
func shown(s string) string {
	quoted := strconv.Quote(s)
	if utf8.ValidString(s) && quoted[1:len(quoted)-1] == s {
		return s
	}
	return quoted
}

// showMetadata returns metadata without the values of keys: keys sign URLs and
// forms, or admit another cluster.
func showMetadata(m objstore.Metadata) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, f := range m {
		out[shown(f.Name)] = shown(f.Value)
		if strings.Contains(strings.ToLower(f.Name), "key") {
			out[shown(f.Name)] = "(hidden)"
		}
	}
	return out
}
