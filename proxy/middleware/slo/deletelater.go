package slo

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"needletail/objstore"
	"needletail/proxy/swift"
)

// deleteLater lets the segments expire, a second from now, and deletes the
// manifest at once (slo.py: handle_async_delete).
func (m *middleware) deleteLater(r *swift.Request, path swift.Path) (*swift.Response, error) {
	manifest := doomed{name: "/" + path.Container + "/" + path.Object, versionID: r.Query().Get("version-id")}
	list, err := m.segmentsOf(r, path, manifest)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return m.next.Serve(r)
	}
	container, err := onlyContainer(list)
	if err != nil {
		return nil, err
	}
	// Nothing may happen to the segments of a manifest that must stay.
	if err := m.authorizeWrite(r, path); err != nil {
		return nil, err
	}
	if err := m.authorizeWrite(r, swift.Path{Version: path.Version, Account: path.Account, Container: container, Object: path.Object}); err != nil {
		return nil, err
	}
	if err := m.expire(r, path, list); err != nil {
		return nil, err
	}
	return m.next.Serve(r)
}

func onlyContainer(list []segment) (string, error) {
	var containers []string
	for i := range list {
		container, _, _ := strings.Cut(strings.TrimLeft(list[i].Name, "/"), "/")
		if quoted := `"` + swift.Quote(container) + `"`; !slices.Contains(containers, quoted) {
			containers = append(containers, quoted)
		}
	}
	if len(containers) > 1 {
		return "", swift.Statusf(400, "All segments must be in one container. Found segments in %s", strings.Join(containers, ", "))
	}
	if slices.ContainsFunc(list, func(s segment) bool { return s.SubSLO }) {
		return "", swift.Statusf(400, "No segments may be large objects.")
	}
	container, _, _ := strings.Cut(strings.TrimLeft(list[0].Name, "/"), "/")
	return container, nil
}

// authorizeWrite asks whether whoever asks may delete objects of a container.
func (m *middleware) authorizeWrite(r *swift.Request, path swift.Path) error {
	account, err := m.metadata(r, "/"+path.Version+"/"+path.Account)
	if err != nil {
		return err
	}
	container, err := m.metadata(r, "/"+path.Version+"/"+path.Account+"/"+path.Container)
	if err != nil {
		return err
	}
	return r.AuthorizeWrite(path, account, container)
}

// metadata is that of an account or a container; what is not there has none.
func (m *middleware) metadata(r *swift.Request, path string) (metadata objstore.Metadata, err error) {
	res, err := m.next.Serve(r.Preauthorized("HEAD", path, source))
	if err != nil {
		if swift.ErrorResponse(err).Status == 404 {
			return nil, nil
		}
		return nil, err
	}
	for _, f := range res.Header {
		metadata.Set(f.Name, f.Value)
	}
	return metadata, res.Close()
}

// expire sets X-Delete-At of the segments. One of which that is not possible,
// a link for example, is deleted instead; one that is not there is no matter.
func (m *middleware) expire(r *swift.Request, path swift.Path, list []segment) error {
	at := strconv.FormatInt(time.Now().Unix()+1, 10)
	d := &deletion{m: m, r: r, path: path}
	statuses := make([]int, len(list))
	parallel(m.Concurrency, len(list), func(i int) {
		post := subrequest(r, "POST", path, list[i].Name)
		post.Header.Set("X-Delete-At", at)
		statuses[i] = 500
		if res, err := m.next.Serve(post); err == nil {
			statuses[i] = res.Status
			_ = res.Close() // the status is the answer
		} else {
			statuses[i] = swift.ErrorResponse(err).Status
		}
		if statuses[i]/100 != 2 && statuses[i] != 404 {
			statuses[i] = d.delete(doomed{name: list[i].Name})
		}
	})
	for _, status := range statuses {
		if status/100 != 2 && status != 404 {
			return swift.Status(503)
		}
	}
	return nil
}
