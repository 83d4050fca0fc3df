import Synchronization

/// Decoders at rest. A thread takes one per image and gives it back, so there are never more than threads.
final class DecoderPool: Sendable {
    /// A decoder on its way between threads. Sendable because only one holder at a time uses it: the pool
    /// hands each decoder out once, until it is given back.
    private struct Slot: @unchecked Sendable {
        let decoder: JpegDecoder
    }

    private let slots = Mutex<[Slot]>([])

    func withDecoder<Result>(_ body: (JpegDecoder) throws(DataError) -> Result) throws(DataError) -> Result {
        let taken = slots.withLock { $0.popLast() }
        let slot = if let taken { taken } else { Slot(decoder: try JpegDecoder()) }
        defer {
            slot.decoder.rest()
            slots.withLock { $0.append(slot) }
        }
        return try body(slot.decoder)
    }
}
