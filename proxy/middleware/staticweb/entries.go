package staticweb

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
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

// entries lists a page of the container as whoever asks. Where that is refused
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
		if err := json.NewDecoder(page).Decode(&entries); err != nil && err != io.EOF {
			return nil, answer{nil, fmt.Errorf("listing of %s: %w", v.containerPath(), err)}
		}
	}
	return entries, answer{}
}
