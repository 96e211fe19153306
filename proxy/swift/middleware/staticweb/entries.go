// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"net/url"
	"strings"

	"needletail/objstore"
)

// entryHeldBytes is the memory of an entry besides the texts, in a slice that
// may have grown to twice the needed length.
const entryHeldBytes = 200

// entries lists a page of the container with the rights of the sender, into
// memory that the request holds. A refusal is returned as the answer. After
// success the answer is zero.
func (v *visit) entries(query url.Values) ([]objstore.ObjectEntry, answer) {
	var entries []objstore.ObjectEntry
	list := v.lookRequest("GET", v.containerPath(), query)
	list.EachObject = func(e *objstore.ObjectEntry) error {
		entries = append(entries, objstore.ObjectEntry{
			Name: strings.Clone(e.Name), Subdir: e.Subdir, SizeBytes: e.SizeBytes,
			ContentType: strings.Clone(e.ContentType), Modified: e.Modified,
		})
		return v.r.Hold(entryHeldBytes + int64(len(e.Name)+len(e.ContentType)))
	}
	a := v.ask(list)
	if a.status()/100 != 2 {
		return nil, a
	}
	if err := a.res.Close(); err != nil {
		return nil, answer{nil, err}
	}
	return entries, answer{}
}
