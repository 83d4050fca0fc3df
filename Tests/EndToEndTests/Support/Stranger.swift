import ClusterCore
import Transport

/// Somebody who knows an endpoint and is no member of the run.
final class Stranger {
    private let board: ZeroMQSwitchboard
    private let link: LinkID

    /// - Parameter frameBytesMax: what it dares to send in one frame.
    init(_ endpoint: String, frameBytesMax: Int = 16 << 20) throws {
        var limits = TransportLimits()
        limits.frameBytesMax = frameBytesMax
        limits.framesMax = 64
        board = try ZeroMQSwitchboard(limits: limits)
        link = try board.connect(endpoint, identity: (0..<16).map { _ in UInt8.random(in: .min ... .max) })
    }

    /// Sends messages and gives them some turns to go out.
    func send(_ messages: [[[UInt8]]]) throws {
        for message in messages {
            try? board.send(message.map { Frame($0) }, to: .link(link))
            _ = try board.poll(timeout: .milliseconds(5))
        }
        board.close(link, flush: .seconds(2))
    }

    /// Asks a coordinator how far it is, and returns the whole answer.
    func askStatus() async throws -> ControlMessage {
        let question = ControlMessage(run: nil, generation: 0, body: .statusRequest(WireStatusRequest()))
        try board.send([Frame(question.encoded())], to: .link(link))
        var answer: ControlMessage?
        try await eventually("the coordinator answers") {
            for event in try self.board.poll(timeout: .milliseconds(5)) {
                if case .message(_, let frames) = event {
                    answer = try ControlMessage(decoding: frames[0].bytes)
                }
            }
            return answer != nil
        }
        return answer!
    }
}
