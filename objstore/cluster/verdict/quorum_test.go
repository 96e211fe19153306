// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuorum(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4} {
		require.Equal(t, want, Quorum(n), "%d servers", n)
	}
	for name, c := range map[string]struct{ k, duplication, want int }{
		"4+2":       {4, 1, 5},
		"10+4":      {10, 1, 11},
		"4+2 twice": {4, 2, 10},
		"1+1":       {1, 1, 2},
	} {
		require.Equal(t, c.want, ErasureQuorum(c.k, c.duplication), name)
	}
}

func TestHaveQuorum(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		quorum   int
		want     bool
	}{
		"nothing yet":                  {nil, 2, false},
		"one of two":                   {[]int{201}, 2, false},
		"two of a class":               {[]int{201, 202}, 2, true},
		"two classes":                  {[]int{201, 404}, 2, false},
		"two classes and a third":      {[]int{201, 404, 409}, 2, true},
		"redirections":                 {[]int{301, 307}, 2, true},
		"interim answers":              {[]int{100, 100}, 2, true},
		"server errors never":          {[]int{503, 503, 507}, 2, false},
		"a server error beside":        {[]int{503, 204, 204}, 2, true},
		"a quorum of nobody has asked": {nil, 0, true},
	} {
		require.Equal(t, c.want, HaveQuorum(c.statuses, c.quorum), name)
	}
}

func TestBestResponse(t *testing.T) {
	for name, c := range map[string]struct {
		statuses  []int
		quorum    int
		overrides map[int]int
		want      Best
	}{
		"all agree":                               {[]int{201, 201, 201}, 2, nil, Best{201, 0}},
		"a quorum agrees":                         {[]int{503, 201, 201}, 2, nil, Best{201, 1}},
		"the highest status of the class":         {[]int{201, 202, 201}, 2, nil, Best{202, 1}},
		"the first of equal statuses":             {[]int{404, 409, 409}, 2, nil, Best{409, 1}},
		"a status that is in the minority":        {[]int{404, 404, 412}, 2, nil, Best{412, 2}},
		"a server error does not agree":           {[]int{201, 503, 503}, 2, nil, none},
		"server errors agree with nothing":        {[]int{503, 503, 503}, 2, nil, none},
		"interim answers agree with nothing":      {[]int{100, 100, 100}, 2, nil, none},
		"no classes agree":                        {[]int{201, 302, 404}, 2, nil, none},
		"the lower class first":                   {[]int{404, 404, 201, 201}, 2, nil, Best{201, 2}},
		"redirections before client errors":       {[]int{404, 404, 301, 301}, 2, nil, Best{301, 2}},
		"no answers":                              {nil, 0, nil, none},
		"DELETE: 204, 404, 503":                   {[]int{204, 404, 503}, 2, DeleteOverrides, Best{204, 0}},
		"DELETE: 404, 204, 503":                   {[]int{404, 204, 503}, 2, DeleteOverrides, Best{204, 1}},
		"DELETE: 404, 404, 503":                   {[]int{404, 404, 503}, 2, DeleteOverrides, Best{404, 0}},
		"DELETE: 404, 503, 503":                   {[]int{404, 503, 503}, 2, DeleteOverrides, none},
		"DELETE: 404, 404, 204":                   {[]int{404, 404, 204}, 2, DeleteOverrides, Best{404, 0}},
		"DELETE: 409, 404, 503":                   {[]int{409, 404, 503}, 2, DeleteOverrides, Best{409, 0}},
		"DELETE: 409, 204, 503":                   {[]int{409, 204, 503}, 2, DeleteOverrides, none},
		"overrides make a quorum, nobody is real": {[]int{404, 500, 600}, 1, map[int]int{404: 204, 500: 204}, Best{404, 0}},
		"only made-up answers agree":              {[]int{600, 600, 503}, 2, map[int]int{600: 204}, none},
		"made-up answers below real ones":         {[]int{500, 500, 404, 501}, 2, map[int]int{500: 204, 501: 404}, Best{404, 2}},
		"made-up answers, and real ones above":    {[]int{600, 600, 404, 404, 404}, 2, map[int]int{600: 204}, Best{404, 2}},
	} {
		require.Equal(t, c.want, BestResponse(c.statuses, c.quorum, c.overrides), name)
	}
}
