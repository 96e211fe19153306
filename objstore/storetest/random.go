// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"needletail/objstore"
	"needletail/objstore/memstore"
)

// smallSizes are the body sizes of RunRandom without sizes.
var smallSizes = []int64{0, 1, 10, 4095, 5000, 70_000}

const (
	pairsOpenMax = 4  // open objects that are kept over later operations
	opsShown     = 30 // operations that a failure prints
)

// RunRandom runs ops random operations on the store of open and on the
// reference model, and compares every result; after each operation also all
// counters and listings, which a store may bring late. Bodies have the lengths of sizes, such as LargeSizes,
// or short lengths. The same seed gives the same operations.
func RunRandom(t *testing.T, open func(t *testing.T) objstore.Store, seed int64, ops int, sizes ...int64) {
	t.Logf("seed %d, %d operations", seed, ops)
	if len(sizes) == 0 {
		sizes = smallSizes
	}
	l := &lockstep{env: newEnv(t, open), rng: rand.New(rand.NewPCG(uint64(seed), 0)), sizes: sizes}
	g := objstore.Strict()
	g.WholeAnswers = l.g.WholeAnswers
	l.model = memstore.New(memstore.Options{Policies: Policies(), Guarantees: &g})
	t.Cleanup(func() {
		for _, p := range l.open {
			p.close()
		}
		if t.Failed() {
			for _, line := range l.log[max(0, len(l.log)-opsShown):] {
				t.Log(line)
			}
		}
	})
	l.putMainContainer()
	for range ops {
		l.step()
		l.compareState()
	}
}

// lockstep is a store and the model after the same operations.
type lockstep struct {
	*env
	model objstore.Store
	rng   *rand.Rand
	sizes []int64
	log   []string
	open  []openPair
}

var randomOps = []struct {
	weight int
	run    func(*lockstep)
}{
	{2, (*lockstep).postAccount},
	{1, (*lockstep).deleteAccount},
	{6, (*lockstep).putContainer},
	{2, (*lockstep).postContainer},
	{2, (*lockstep).deleteContainer},
	{24, (*lockstep).putObject},
	{8, (*lockstep).postObject},
	{12, (*lockstep).deleteObject},
	{6, (*lockstep).headObject},
	{6, (*lockstep).openObject},
	{6, (*lockstep).readOpen},
}

func (l *lockstep) step() {
	total := 0
	for _, op := range randomOps {
		total += op.weight
	}
	n := l.rng.IntN(total)
	for _, op := range randomOps {
		if n -= op.weight; n < 0 {
			op.run(l)
			return
		}
	}
}

// did notes an operation before it runs.
func (l *lockstep) did(format string, args ...any) {
	l.log = append(l.log, fmt.Sprintf("%4d ", len(l.log))+fmt.Sprintf(format, args...))
}

// same compares the ends of an operation in store and model, and reports
// success.
func (l *lockstep) same(got, want error) bool {
	l.Helper()
	if (got == nil) != (want == nil) || got != nil && foldKind(got) != foldKind(want) {
		l.Fatalf("%s\nthe store gave %v\nthe model %v", l.log[len(l.log)-1], got, want)
	}
	return want == nil
}

// foldKind folds the two kinds of a missing object into one, for an absent
// container. A PUT differs only in being refused at all.
func foldKind(err error) objstore.Kind {
	k := objstore.KindOf(err)
	if k == objstore.KindContainerNotFound {
		return objstore.KindNotFound
	}
	return k
}

func (l *lockstep) sameValue(what string, got, want any) {
	l.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		l.Fatalf("%s\n%s: the store gave %s\nthe model %s", l.log[len(l.log)-1], what, g, w)
	}
}

// pick is a random element.
func pick[T any](l *lockstep, of []T) T { return of[l.rng.IntN(len(of))] }

// chance is true once in n times.
func (l *lockstep) chance(n int) bool { return l.rng.IntN(n) == 0 }

var (
	randomAccounts   = []objstore.AccountName{"AUTH_a", "AUTH_a\x01"}
	randomContainers = []objstore.ContainerName{"c", "c-d", "c\xff"}
	randomObjects    = []objstore.ObjectName{"a", "a/", "a/b", "a/b/c", "a//b", "a-b", "a0", "b-1", "b-2", "/", "ü", "\xff", "\xff\xff"}
)

func (l *lockstep) containerID() objstore.ContainerID {
	name := objstore.ContainerName(l.text(string(pick(l, randomContainers))))
	return objstore.ContainerID{Account: pick(l, randomAccounts), Container: name}
}

// mainContainer gets most objects, so that names meet again.
var mainContainer = objstore.ContainerID{Account: randomAccounts[0], Container: randomContainers[0]}

func (l *lockstep) putMainContainer() {
	l.did("put container %q", mainContainer)
	for _, s := range []objstore.Store{l.s, l.model} {
		_, err := s.PutContainer(background, mainContainer, objstore.PutContainerOptions{})
		l.ok(err)
	}
}

func (l *lockstep) objectID() objstore.ObjectID {
	c := mainContainer
	if l.chance(3) {
		c = l.containerID()
	}
	return c.Object(objstore.ObjectName(l.text(string(pick(l, randomObjects)))))
}

func (l *lockstep) metadata(prefix string) (m objstore.Metadata) {
	for range l.rng.IntN(4) {
		m.Set(prefix+pick(l, []string{"A", "B", "C"}), l.text(pick(l, []string{"1", "2", "\xff", ""})))
	}
	return m
}

// explicitTimestampMax is above all stated timestamps of RunRandom and below
// all timestamps of a clock.
const explicitTimestampMax = 1_000_000

// fold makes timestamps comparable: the clocks of store and model differ.
func fold(t objstore.Timestamp) objstore.Timestamp {
	if t < explicitTimestampMax {
		return t
	}
	return explicitTimestampMax
}

var background = context.Background() // no operation of the suite is cancelled
