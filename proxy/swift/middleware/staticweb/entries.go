package staticweb

import (
	"net/url"
	"strings"

	"needletail/objstore"
)

// entryHeldBytes is what an entry takes beside its texts, in a slice that may
// have grown to twice its length.
const entryHeldBytes = 200

// entries lists a page of the container with the rights of the sender, in memory
// that the request holds. A refusal comes back as the answer; the answer is zero
// otherwise.
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
