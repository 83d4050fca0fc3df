import Foundation
import SwiftProtobuf

/// A control message after its envelope has been checked.
public struct ControlMessage: Sendable {
    public typealias Body = WireEnvelope.OneOf_Body

    /// Changes whenever messages.proto changes incompatibly.
    public static let protocolVersion: UInt32 = 2
    /// What a control frame may hold; a chunk of a state travels in a frame of its own.
    public static let bytesMax = 1 << 20

    /// Nil while the sender does not know the run.
    public let run: RunID?
    public let generation: UInt64
    public let body: Body

    public init(run: RunID?, generation: UInt64, body: Body) {
        self.run = run
        self.generation = generation
        self.body = body
    }

    public func encoded() -> [UInt8] {
        var envelope = WireEnvelope()
        envelope.protocol = Self.protocolVersion
        envelope.run = run.map { Data($0.bytes) } ?? Data()
        envelope.generation = generation
        envelope.body = body
        // Protobuf fails to serialise only invalid UTF-8 or missing required fields; there are neither.
        guard let bytes: [UInt8] = try? envelope.serializedBytes() else {
            preconditionFailure("a control message could not be serialised: \(body)")
        }
        return bytes
    }

    /// Parses one frame from a socket.
    /// - Throws: ``ControlMessageError`` naming what is wrong with it.
    public init(decoding bytes: [UInt8]) throws(ControlMessageError) {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(bytes: bytes.count) }
        let envelope: WireEnvelope
        do {
            envelope = try WireEnvelope(serializedBytes: bytes)
        } catch {
            throw .malformed
        }
        guard envelope.protocol == Self.protocolVersion else { throw .otherProtocol(envelope.protocol) }
        guard let body = envelope.body else { throw .malformed }
        guard envelope.run.isEmpty || envelope.run.count == RunID.byteCount else { throw .malformed }
        run = RunID(bytes: Array(envelope.run))
        generation = envelope.generation
        self.body = body
    }
}

/// Why a frame is not a control message.
public enum ControlMessageError: Error, Equatable, CustomStringConvertible {
    case tooLarge(bytes: Int)
    case malformed
    case otherProtocol(UInt32)

    public var description: String {
        switch self {
        case .tooLarge(let bytes):
            "control message of \(bytes) bytes, at most \(ControlMessage.bytesMax) are taken"
        case .malformed:
            "malformed control message"
        case .otherProtocol(let version):
            "control message of protocol \(version), this program speaks \(ControlMessage.protocolVersion): "
                + "run the same version everywhere"
        }
    }
}
