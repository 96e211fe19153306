package staticweb

import (
	"fmt"
	"io"
	"net/url"

	"needletail/proxy/swift"
)

// entry is one line of a container's listing.
type entry struct {
	Subdir       string `json:"subdir"`
	Name         string `json:"name"`
	Bytes        int64  `json:"bytes"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
}

// maxEntryBytes bounds what an entry has in JSON: a name of 1024 bytes and a
// content type of 8192 at most, some of their bytes written with six
// characters.
const maxEntryBytes = 16 << 10

// entryHeldBytes is what an entry takes beside its texts, in a slice that may
// have grown to twice its length.
const entryHeldBytes = 200

// entries lists a page of the container as whoever asks,
// in memory that the request holds. Where that is refused
// the refusal comes back instead; it is the zero answer otherwise.
func (v *visit) entries(query url.Values) ([]entry, answer) {
	query.Set("format", "json")
	list := v.look("GET", v.containerPath(), query)
	if list.status()/100 != 2 {
		return nil, list
	}
	defer list.res.Close()
	var entries []entry
	if list.res.Body != nil {
		page := io.LimitReader(list.res.Body, int64(v.m.pageEntries)*maxEntryBytes)
		_, err := swift.EachInList(page, func(e *entry) error {
			entries = append(entries, *e)
			return v.r.Hold(entryHeldBytes + int64(len(e.Name)+len(e.Subdir)+len(e.ContentType)+len(e.LastModified)))
		})
		if err != nil && err != io.EOF {
			return nil, answer{nil, fmt.Errorf("listing of %s: %w", v.containerPath(), err)}
		}
	}
	return entries, answer{}
}
