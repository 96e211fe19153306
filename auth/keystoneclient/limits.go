// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// DefaultLimitTime is the time for which a limit is good. oslo.limit asks
	// each time.
	DefaultLimitTime = 30 * time.Second
	// maxLimits bounds the number of remembered limits.
	maxLimits = 16384
	// flatModel is the only supported way to enforce limits. Keystone's second
	// model takes hierarchies of projects into account.
	flatModel = "flat"
)

// Limits are the limits that Keystone keeps for the service and the region of
// one endpoint, in oslo.limit's order: a project's own limit, else the
// registered limit, else 0 (oslo_limit/limit.py).
type Limits struct {
	client   *Client
	session  session
	endpoint string
	time     time.Duration

	questions flight[limitKey, limit]
	known     *lru.Cache[limitKey, limit]
}

type limitKey struct{ project, resource string }

type limit struct {
	value int64
	asked time.Time
}

// Limits returns the limits of an endpoint. user asks for the limits and needs
// to read all limits: the role reader on the system. time is the time for which
// an answer is good, 0 for DefaultLimitTime. The limits end with c.
func (c *Client) Limits(user Login, endpointID string, time time.Duration) (*Limits, error) {
	if err := user.check(); err != nil {
		return nil, err
	}
	if endpointID == "" {
		return nil, errors.New("endpoint_id is missing")
	}
	orDefault(&time, DefaultLimitTime)
	known, err := lru.New[limitKey, limit](maxLimits)
	return &Limits{client: c, session: session{user: user}, endpoint: endpointID, time: time, known: known}, err
}

// Limit returns the amount of a resource that a project may use: -1 without a
// limit, 0 if Keystone has no limit. In an outage the last answer is good for a
// while. An error is an error of the context or an *Error.
func (l *Limits) Limit(ctx context.Context, project, resource string) (int64, error) {
	key := limitKey{project, resource}
	last, ok := l.younger(key, l.time)
	if ok {
		return last.value, nil
	}
	known := func() (limit, bool) { return l.younger(key, l.time) }
	now, _, err := l.questions.do(ctx, key, known, l.client.start, func() (limit, error) { return l.ask(key) })
	if err == nil || ctx.Err() != nil {
		return now.value, err
	}
	if last, ok = l.younger(key, l.time+max(0, l.client.config.OutageTime)); ok {
		l.client.stats.stale.Inc()
		return last.value, nil
	}
	return now.value, err
}

// younger returns the last answer if the answer is younger than age.
func (l *Limits) younger(key limitKey, age time.Duration) (limit, bool) {
	last, ok := l.known.Get(key)
	return last, ok && l.client.config.Clock().Sub(last.asked) < age
}

// ask asks Keystone and remembers the limit.
func (l *Limits) ask(key limitKey) (limit, error) {
	out := limit{asked: l.client.config.Clock()}
	err := l.client.inTurn(&l.session, func() (err error) {
		out.value, err = l.find(key)
		return err
	})
	if err == nil {
		l.known.Add(key, out)
	}
	return out, err
}

// find asks Keystone for the model and the endpoint, as oslo.limit does each
// time, and then for limits.
func (l *Limits) find(key limitKey) (int64, error) {
	var model struct{ Model struct{ Name string } }
	if err := l.get("/limits/model", &model); err != nil {
		return 0, err
	}
	if model.Model.Name != flatModel {
		return 0, &Error{Op: opLimits, Err: fmt.Errorf("enforcement model %q is not supported", model.Model.Name)}
	}
	var found struct {
		Endpoint struct {
			ServiceID string `json:"service_id"`
			RegionID  string `json:"region_id"`
		}
	}
	if err := l.get("/endpoints/"+url.PathEscape(l.endpoint), &found); err != nil {
		return 0, err
	}
	query := url.Values{"service_id": {found.Endpoint.ServiceID}, "resource_name": {key.resource}}
	if found.Endpoint.RegionID != "" {
		query.Set("region_id", found.Endpoint.RegionID)
	}
	registered := "/registered_limits?" + query.Encode()
	var answer limitsAnswer
	if key.project != "" {
		query.Set("project_id", key.project)
		if err := l.get("/limits?"+query.Encode(), &answer); err != nil {
			return 0, err
		}
		if value, ok := answer.value(key); ok {
			return value, nil
		}
	}
	if err := l.get(registered, &answer); err != nil {
		return 0, err
	}
	value, _ := answer.value(key)
	return value, nil
}

// limitsAnswer is a list of limits of either kind, reduced to the members that
// matter here.
type limitsAnswer struct {
	Limits []struct {
		ProjectID     string `json:"project_id"`
		ResourceName  string `json:"resource_name"`
		ResourceLimit *int64 `json:"resource_limit"`
	} `json:"limits"`
	Registered []struct {
		ResourceName string `json:"resource_name"`
		DefaultLimit *int64 `json:"default_limit"`
	} `json:"registered_limits"`
}

// value returns the limit of the first row about key. Rows about further keys
// are skipped: a Keystone that does not know a filter sends more rows than
// asked for.
func (a *limitsAnswer) value(key limitKey) (int64, bool) {
	for _, row := range a.Limits {
		if row.ResourceName == key.resource && row.ProjectID == key.project && row.ResourceLimit != nil {
			return max(-1, *row.ResourceLimit), true
		}
	}
	for _, row := range a.Registered {
		if row.ResourceName == key.resource && row.DefaultLimit != nil {
			return max(-1, *row.DefaultLimit), true
		}
	}
	return 0, false
}

// get reads a JSON answer.
func (l *Limits) get(path string, into any) error {
	res, err := l.client.asUser(l.client.life, &l.session, opLimits, path, map[string]string{})
	if err != nil {
		return err
	}
	if res.status != 200 {
		return &Error{Op: opLimits, Status: res.status}
	}
	if err := json.Unmarshal(res.body, into); err != nil {
		return &Error{Op: opLimits, Status: res.status, Err: errors.New("not the expected JSON")}
	}
	return nil
}
