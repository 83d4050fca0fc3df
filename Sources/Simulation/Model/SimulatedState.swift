package import ClusterCore
import Training
import Transport

/// What a simulated replica holds in place of weights: two hash chains over all that was ever applied. A
/// wrong, missing, doubled or stale contribution changes this state and all that follow.
package struct SimulatedState: Equatable, Sendable {
    package var phase: Phase
    package var step: Int
    /// In the place of weights and of momentum.
    var weights: UInt64
    var momentum: UInt64
    /// In the place of the fixed-point exponents: raised by overflows before a step, adapted after it.
    var exponent: UInt32
    /// Empty in the search phase.
    var plan: String

    package var digest: String {
        let words =
            [weights, momentum, UInt64(exponent), phase == .search ? 1 : 2] + plan.utf8.map(UInt64.init)
        return String(words.reduce(0) { SeededRandom.mix($0 ^ $1) &+ $1 }, radix: 16)
    }

    /// Takes over the overflows of an attempt.
    mutating func raise(for overflows: [WireOverflow]) {
        for overflow in overflows {
            let word = UInt64(exponent) << 32 | UInt64(overflow.magnitude.bitPattern)
            exponent = UInt32(SeededRandom.mix(word &+ UInt64(overflow.segment)) >> 48)
        }
    }

    /// Takes the step with the sums of all shards.
    mutating func apply(_ vector: UnsafeBufferPointer<Int32>) {
        var (first, second) = (weights ^ UInt64(exponent), momentum)
        for value in vector {
            let word = UInt64(UInt32(bitPattern: value))
            first = (first ^ word) &* 0x9E37_79B9_7F4A_7C15
            first ^= first >> 29
            second = (second &+ word) &* 0xD6E8_FEB8_6659_FD93 ^ first
        }
        (weights, momentum) = (first, second)
        exponent = UInt32(SeededRandom.mix(first) >> 48)
        step += 1
    }

    /// Applies the plan: another network, which begins with what the search has learnt.
    mutating func reshape(_ plan: String) {
        self.plan = plan
        phase = .converge
        for byte in plan.utf8 {
            weights = SeededRandom.mix(weights ^ UInt64(byte))
            momentum = SeededRandom.mix(momentum &+ UInt64(byte))
        }
        exponent = UInt32(weights >> 48)
    }
}

// MARK: - As floats

extension SimulatedState {
    var snapshot: StateSnapshot {
        StateSnapshot(
            step: step, phase: phase, plan: plan, exponents: "\(exponent)", weights: Self.floats(weights),
            moments: Self.floats(momentum))
    }

    /// The state of a head whose chunks are to follow.
    init(_ head: WireLoadState) {
        phase = Phase(rawValue: head.phase) ?? .converge
        step = Int(clamping: head.step)
        (weights, momentum) = (0, 0)
        exponent = UInt32(head.exponents) ?? 0
        plan = head.plan
    }

    static let floatCount = 4

    /// 16 bits in each float.
    private static func floats(_ word: UInt64) -> [Float] {
        (0..<floatCount).map { Float(word >> UInt64(16 * $0) & 0xffff) }
    }

    /// Takes a piece of a state; false if it lies outside of it.
    mutating func load(_ chunk: WireStateChunk, _ payload: Frame) -> Bool {
        let (offset, count) = (Int(clamping: chunk.offset), payload.count / 4)
        guard payload.count % 4 == 0, offset <= Self.floatCount, count <= Self.floatCount - offset else {
            return false
        }
        for index in 0..<count {
            let value = payload.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
            }
            let place = UInt64(16 * (offset + index))
            let bits = UInt64(value.isFinite && value >= 0 && value < 65536 ? Int(value) : 0) << place
            let mask = ~(UInt64(0xffff) << place)
            switch chunk.section {
            case .momentum: momentum = momentum & mask | bits
            default: weights = weights & mask | bits
            }
        }
        return true
    }
}
