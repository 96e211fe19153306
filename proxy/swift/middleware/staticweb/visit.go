// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// visit is a request on its way through the site.
type visit struct {
	m    *middleware
	r    *swift.Request
	path swift.Path
}

// answer is a response or an error.
type answer struct {
	res *web.Response
	err error
}

// status returns the status that a client would get.
func (a answer) status() int {
	if a.err != nil {
		return web.ErrorResponse(a.err).Status
	}
	return a.res.Status
}

// shown reports whether the answer goes to the client unchanged.
func (a answer) shown() bool { return a.status()/100 == 2 || a.status()/100 == 3 }

// page asks for a path of the site, with the headers and the query of the
// client's request.
func (v *visit) page(path string) answer {
	sub := v.r.Subrequest(v.r.Method, path, source)
	sub.Header = v.r.Header.Clone()
	sub.SetRawQuery(v.r.RawQuery)
	if path == v.r.Path {
		sub.RawPath = v.r.RawPath
	}
	return v.ask(sub)
}

// look asks for a path of the site with the sender's rights and address, and
// without the headers and the query of the client's request.
func (v *visit) look(method, path string, query url.Values) answer {
	return v.ask(v.lookRequest(method, path, query))
}

// lookRequest returns the request that look sends.
func (v *visit) lookRequest(method, path string, query url.Values) *swift.Request {
	sub := v.r.Subrequest(method, path, source)
	if referer, ok := v.r.Header.Lookup("Referer"); ok {
		sub.Header.Set("Referer", referer)
	}
	sub.SetRawQuery(query.Encode())
	return sub
}

// ask sends a subrequest. Its Grant becomes the Grant of the client's request.
func (v *visit) ask(sub *swift.Request) answer {
	res, err := v.m.next.Serve(sub)
	v.r.Grant = sub.Grant
	return answer{res, err}
}

// containerPath returns the path of the site's container.
func (v *visit) containerPath() string {
	return "/" + v.path.Version + "/" + v.path.Account + "/" + v.path.Container
}

// container answers for the root of the site. A sender without the right to
// read the container learns nothing about the container except its error page.
func (v *visit) container() (*web.Response, error) {
	may := v.look("HEAD", v.containerPath(), nil)
	status := may.status()
	if err := may.res.Close(); err != nil {
		return nil, err
	}
	if status/100 == 5 {
		return nil, may.err
	}
	s, err := v.site()
	switch {
	case err != nil:
		return nil, err
	case status == 401 || status == 403:
		return v.fail(s, answer{nil, may.err})
	case !s.active() && webMode(v.r):
		return nil, web.Status(404)
	case !s.active() || status != 204 && status != 200:
		return v.m.next.Serve(v.r)
	case !strings.HasSuffix(v.r.Path, "/"):
		return v.redirect(), nil
	case s.index == "":
		return v.listing(s, "")
	}
	index := v.page(v.r.Path + s.index)
	switch {
	case index.shown():
		return index.res, index.err
	case index.status() != 404:
		return v.fail(s, index)
	}
	return v.instead(index, func() (*web.Response, error) { return v.listing(s, "") })
}

// maxFolderBytes is the length up to which an object can stand for a folder.
const maxFolderBytes = 1

// object answers for an object, or for a folder with or without an index.
func (v *visit) object() (*web.Response, error) {
	object := v.page(v.r.Path)
	status := object.status()
	maybeFolder := object.shown() && object.res.ContentLength <= maxFolderBytes && object.res.ContentLength >= 0
	if status != 404 && !maybeFolder {
		return object.res, object.err
	}
	s, err := v.site()
	if err != nil {
		return v.instead(object, func() (*web.Response, error) { return nil, err })
	}
	if !s.active() || maybeFolder && object.res.Header.Get("Content-Type") != s.directory {
		return object.res, object.err
	}
	return v.instead(object, func() (*web.Response, error) { return v.folder(s) })
}

// folder answers for a folder.
func (v *visit) folder(s site) (*web.Response, error) {
	slash := strings.HasSuffix(v.r.Path, "/")
	if s.index != "" {
		path := v.r.Path
		if !slash {
			path += "/"
		}
		index := v.page(path + s.index)
		switch {
		case index.shown() && slash:
			return index.res, index.err
		case index.shown():
			return v.instead(index, func() (*web.Response, error) { return v.redirect(), nil })
		case index.status() != 404:
			return v.fail(s, index)
		}
		if err := index.res.Close(); err != nil {
			return nil, err
		}
	}
	if slash {
		return v.listing(s, v.path.Object)
	}
	entries, other := v.entries(url.Values{"limit": {"1"}, "delimiter": {"/"}, "prefix": {v.path.Object + "/"}})
	if err := other.res.Close(); err != nil {
		return nil, err
	}
	if other.err != nil && other.status()/100 == 5 {
		return nil, other.err
	}
	if len(entries) == 0 {
		return v.fail(s, answer{nil, web.Status(404)})
	}
	return v.redirect(), nil
}

// instead closes an answer and returns the next.
func (v *visit) instead(of answer, other func() (*web.Response, error)) (*web.Response, error) {
	if err := of.res.Close(); err != nil {
		return nil, err
	}
	return other()
}

// redirect returns 301 to the same path with a slash, at the host that the
// client knows.
func (v *visit) redirect() *web.Response {
	res := web.StatusPage(301)
	res.Header.Set("Location", v.r.BaseURL()+web.Quote(v.r.Path+"/"))
	return res
}

// fail answers with an error. The body is the site's page for the error, if the
// page exists and the sender may read it.
func (v *visit) fail(s site, failed answer) (*web.Response, error) {
	if s.errorSuffix == "" {
		return failed.res, failed.err
	}
	status := failed.status()
	page := v.look("GET", v.containerPath()+"/"+strconv.Itoa(status)+s.errorSuffix, nil)
	if page.status()/100 != 2 {
		_ = page.res.Close() // failed is the answer
		return failed.res, failed.err
	}
	page.res.Status = status
	refusal := failed.res
	if failed.err != nil {
		refusal = web.ErrorResponse(failed.err)
	}
	for _, f := range refusal.Header {
		if strings.EqualFold(f.Name, "Www-Authenticate") {
			page.res.Header.Add(f.Name, f.Value)
		}
	}
	if err := failed.res.Close(); err != nil {
		return nil, errors.Join(err, page.res.Close())
	}
	return page.res, nil
}
