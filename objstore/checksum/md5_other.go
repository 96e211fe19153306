//go:build !amd64

package checksum

// kernelLanes is 0: streams take plain digests, each on a processor of its own.
const kernelLanes = 0

func addSideBySide(round []turn) {
	for _, t := range round {
		t.addPlain(t.bytes)
	}
}
