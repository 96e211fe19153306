#include "textflag.h"

// Sums of products in GF(2^16), polynomial 0x1100b, of words of two bytes,
// little endian. The loop over the inputs is the inner loop: a piece of the sum
// stays in registers until all inputs are added.
//
// All kernels use: DI dst, SI tables, DX inputs (slices of 24 bytes), CX count,
// R8 from, R9 bytes left, R10 the table and R11 the slice of an input, R12
// inputs left, AX the bytes of an input.

// apart brings the low bytes of 8 words in front of the high bytes. together is
// the way back.
DATA apart<>+0(SB)/8, $0x0e0c0a0806040200
DATA apart<>+8(SB)/8, $0x0f0d0b0907050301
GLOBL apart<>(SB), RODATA|NOPTR, $16

DATA together<>+0(SB)/8, $0x0b030a0209010800
DATA together<>+8(SB)/8, $0x0f070e060d050c04
GLOBL together<>(SB), RODATA|NOPTR, $16

DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $8

DATA lowByte<>+0(SB)/8, $0x00ff00ff00ff00ff
GLOBL lowByte<>(SB), RODATA|NOPTR, $8

#define LOAD_ARGUMENTS \
	MOVQ dst+0(FP), DI     \
	MOVQ tables+8(FP), SI  \
	MOVQ inputs+16(FP), DX \
	MOVQ count+24(FP), CX  \
	MOVQ from+32(FP), R8   \
	MOVQ bytes+40(FP), R9

#define FIRST_INPUT \
	MOVQ SI, R10 \
	MOVQ DX, R11 \
	MOVQ CX, R12

// The kernels with GFNI hold 8 words as 8 low bytes and 8 high bytes, so that
// each half of 16 bytes has a matrix of its own. "straight" sums A × low and
// D × high, "crossed" sums C × low and B × high, and FINISH exchanges the halves
// of crossed, once for all inputs.
#define ADD512(at, straight, crossed) \
	VMOVDQU64      at(AX)(R8*1), Z10 \
	VPSHUFB        Z30, Z10, Z10     \
	VGF2P8AFFINEQB $0, Z8, Z10, Z11  \
	VGF2P8AFFINEQB $0, Z9, Z10, Z12  \
	VPXORQ         Z11, straight, straight \
	VPXORQ         Z12, crossed, crossed

#define FINISH512(at, straight, crossed) \
	VPSHUFD   $0x4e, crossed, crossed      \
	VPXORQ    crossed, straight, straight  \
	VPSHUFB   Z31, straight, straight      \
	VMOVDQU64 straight, at(DI)

#define CLEAR512(straight, crossed) \
	VPXORQ straight, straight, straight \
	VPXORQ crossed, crossed, crossed

// func computeGFNI512(dst, tables *byte, inputs *[]byte, count, from, bytes int)
TEXT ·computeGFNI512(SB), NOSPLIT, $0-48
	LOAD_ARGUMENTS
	VBROADCASTI32X4 apart<>(SB), Z30
	VBROADCASTI32X4 together<>(SB), Z31

wide:
	CMPQ R9, $256
	JLT  narrow
	FIRST_INPUT
	CLEAR512(Z0, Z1)
	CLEAR512(Z2, Z3)
	CLEAR512(Z4, Z5)
	CLEAR512(Z6, Z7)

wideInput:
	MOVQ            (R11), AX
	VBROADCASTI32X4 (R10), Z8
	VBROADCASTI32X4 16(R10), Z9
	ADD512(0, Z0, Z1)
	ADD512(64, Z2, Z3)
	ADD512(128, Z4, Z5)
	ADD512(192, Z6, Z7)
	ADDQ            $24, R11
	ADDQ            $32, R10
	DECQ            R12
	JNZ             wideInput
	FINISH512(0, Z0, Z1)
	FINISH512(64, Z2, Z3)
	FINISH512(128, Z4, Z5)
	FINISH512(192, Z6, Z7)
	ADDQ            $256, DI
	ADDQ            $256, R8
	SUBQ            $256, R9
	JMP             wide

narrow:
	TESTQ R9, R9
	JZ    done
	FIRST_INPUT
	CLEAR512(Z0, Z1)

narrowInput:
	MOVQ            (R11), AX
	VBROADCASTI32X4 (R10), Z8
	VBROADCASTI32X4 16(R10), Z9
	ADD512(0, Z0, Z1)
	ADDQ            $24, R11
	ADDQ            $32, R10
	DECQ            R12
	JNZ             narrowInput
	FINISH512(0, Z0, Z1)
	ADDQ            $64, DI
	ADDQ            $64, R8
	SUBQ            $64, R9
	JMP             narrow

done:
	VZEROUPPER
	RET

#define ADD256(at, straight, crossed) \
	VMOVDQU        at(AX)(R8*1), Y10 \
	VPSHUFB        Y14, Y10, Y10     \
	VGF2P8AFFINEQB $0, Y8, Y10, Y11  \
	VGF2P8AFFINEQB $0, Y9, Y10, Y12  \
	VPXOR          Y11, straight, straight \
	VPXOR          Y12, crossed, crossed

#define FINISH256(at, straight, crossed) \
	VPSHUFD $0x4e, crossed, crossed     \
	VPXOR   crossed, straight, straight \
	VPSHUFB Y15, straight, straight     \
	VMOVDQU straight, at(DI)

#define CLEAR256(straight, crossed) \
	VPXOR straight, straight, straight \
	VPXOR crossed, crossed, crossed

// func computeGFNI256(dst, tables *byte, inputs *[]byte, count, from, bytes int)
TEXT ·computeGFNI256(SB), NOSPLIT, $0-48
	LOAD_ARGUMENTS
	VBROADCASTI128 apart<>(SB), Y14
	VBROADCASTI128 together<>(SB), Y15

wide:
	CMPQ R9, $128
	JLT  narrow
	FIRST_INPUT
	CLEAR256(Y0, Y1)
	CLEAR256(Y2, Y3)
	CLEAR256(Y4, Y5)
	CLEAR256(Y6, Y7)

wideInput:
	MOVQ           (R11), AX
	VBROADCASTI128 (R10), Y8
	VBROADCASTI128 16(R10), Y9
	ADD256(0, Y0, Y1)
	ADD256(32, Y2, Y3)
	ADD256(64, Y4, Y5)
	ADD256(96, Y6, Y7)
	ADDQ           $24, R11
	ADDQ           $32, R10
	DECQ           R12
	JNZ            wideInput
	FINISH256(0, Y0, Y1)
	FINISH256(32, Y2, Y3)
	FINISH256(64, Y4, Y5)
	FINISH256(96, Y6, Y7)
	ADDQ           $128, DI
	ADDQ           $128, R8
	SUBQ           $128, R9
	JMP            wide

narrow:
	TESTQ R9, R9
	JZ    done
	FIRST_INPUT
	CLEAR256(Y0, Y1)
	CLEAR256(Y2, Y3)

narrowInput:
	MOVQ           (R11), AX
	VBROADCASTI128 (R10), Y8
	VBROADCASTI128 16(R10), Y9
	ADD256(0, Y0, Y1)
	ADD256(32, Y2, Y3)
	ADDQ           $24, R11
	ADDQ           $32, R10
	DECQ           R12
	JNZ            narrowInput
	FINISH256(0, Y0, Y1)
	FINISH256(32, Y2, Y3)
	ADDQ           $64, DI
	ADDQ           $64, R8
	SUBQ           $64, R9
	JMP            narrow

done:
	VZEROUPPER
	RET

// LOOKUP adds the products of a nibble of 32 words: low bytes to Y0, high bytes
// to Y1.
#define LOOKUP(at, nibbles) \
	VBROADCASTI128 at(R10), Y8      \
	VBROADCASTI128 (at+16)(R10), Y9 \
	VPSHUFB        nibbles, Y8, Y8  \
	VPSHUFB        nibbles, Y9, Y9  \
	VPXOR          Y8, Y0, Y0       \
	VPXOR          Y9, Y1, Y1

// func computeAVX2(dst, tables *byte, inputs *[]byte, count, from, bytes int)
//
// The low bytes of 32 words are in a register, and the high bytes in another.
TEXT ·computeAVX2(SB), NOSPLIT, $0-48
	LOAD_ARGUMENTS
	VPBROADCASTQ nibble<>(SB), Y14
	VPBROADCASTQ lowByte<>(SB), Y15

block:
	TESTQ R9, R9
	JZ    done
	FIRST_INPUT
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1

input:
	MOVQ      (R11), AX
	VMOVDQU   (AX)(R8*1), Y2
	VMOVDQU   32(AX)(R8*1), Y3
	VPAND     Y15, Y2, Y4
	VPAND     Y15, Y3, Y5
	VPACKUSWB Y5, Y4, Y4
	VPSRLW    $8, Y2, Y2
	VPSRLW    $8, Y3, Y3
	VPACKUSWB Y3, Y2, Y6
	VPSRLW    $4, Y4, Y5
	VPSRLW    $4, Y6, Y7
	VPAND     Y14, Y4, Y4
	VPAND     Y14, Y5, Y5
	VPAND     Y14, Y6, Y6
	VPAND     Y14, Y7, Y7
	LOOKUP(0, Y4)
	LOOKUP(32, Y5)
	LOOKUP(64, Y6)
	LOOKUP(96, Y7)
	ADDQ      $24, R11
	ADDQ      $128, R10
	DECQ      R12
	JNZ       input

	VPUNPCKLBW Y1, Y0, Y2
	VPUNPCKHBW Y1, Y0, Y3
	VMOVDQU    Y2, (DI)
	VMOVDQU    Y3, 32(DI)
	ADDQ       $64, DI
	ADDQ       $64, R8
	SUBQ       $64, R9
	JMP        block

done:
	VZEROUPPER
	RET

// func hasGFNI() bool
//
// CPUID, leaf 7, sub-leaf 0: bit 8 of ECX.
TEXT ·hasGFNI(SB), NOSPLIT, $0-1
	MOVL $7, AX
	XORL CX, CX
	CPUID
	SHRL $8, CX
	ANDL $1, CX
	MOVB CX, ret+0(FP)
	RET
