/// What a link tells libzmq to call it: a tag byte, the link's identity, and a serial number that is larger
/// for each connection, 8 bytes big-endian.
///
/// A connection's routing id is never used again. libzmq would let a second connection of the same id wait in
/// vain while it still believes in the first; and a hub could not tell late messages of the first from the
/// second's.
struct RoutingID: Hashable {
    let identity: [UInt8]
    let serial: UInt64

    /// Routing ids must not begin with a zero byte; identities may.
    private static let tag: UInt8 = 0x45
    private static let serialByteCount = 8

    var bytes: [UInt8] {
        [Self.tag] + identity
            + (0..<Self.serialByteCount).map { UInt8(truncatingIfNeeded: serial >> (56 - 8 * $0)) }
    }

    init(identity: [UInt8], serial: UInt64) {
        self.identity = identity
        self.serial = serial
    }

    /// Nil if the bytes are not of the form that links of ours use.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let count = bytes.count - 1 - Self.serialByteCount
        guard (1...TransportLimits.identityBytesMax).contains(count), bytes[0] == Self.tag else { return nil }
        identity = Array(bytes[1...count])
        serial = bytes[(count + 1)...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
