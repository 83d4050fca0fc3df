import ClusterCore

extension MessageText {
    static func text(_ body: ControlMessage.Body) -> String {
        switch body {
        case .hello(let hello):
            hello.hasHeld ? "hello, holds step \(hello.held.step) of \(hello.held.phase)" : "hello"
        case .welcome(let welcome): "welcome as worker \(welcome.worker)\(welcome.keep ? ", keep" : "")"
        case .ready(let ready): "ready" + (ready.holds ? ", holds step \(ready.step) of \(ready.phase)" : "")
        case .loadState(let head):
            head.fromSeed ? "load_state from seed" : "load_state step \(head.step), feed \(head.feed)"
        case .stateChunk(let chunk):
            "state_chunk step \(chunk.step), feed \(chunk.feed)\(chunk.last ? ", last" : "")"
        case .formation(let formation): "formation \(formation.members.map(\.worker))"
        case .beginStep(let begin):
            "begin_step \(begin.step) attempt \(begin.attempt)\(begin.resolved ? " resolved" : "") owners "
                + "\(begin.partOwners) shares "
                + begin.assignments.map { "\($0.worker): \($0.shards)" }.joined(separator: " ")
        case .computed(let computed):
            "computed \(computed.shards) step \(computed.step) attempt \(computed.attempt)"
                + (computed.overflows.isEmpty ? "" : " overflow")
        case .stepDone(let done): "step_done \(done.step) attempt \(done.attempt)"
        case .yield(let yield): "yield step \(yield.step) attempt \(yield.attempt) count \(yield.count)"
        case .yielded(let yielded):
            "yielded \(yielded.shards) step \(yielded.step) attempt \(yielded.attempt)"
        case .heartbeat(let heartbeat): "heartbeat, unreachable \(heartbeat.unreachable)"
        case .peerLost(let lost): "peer_lost \(lost.worker)"
        case .dropped(let dropped): "dropped: \(dropped.reason)"
        case .feed(let feed):
            "feed \(feed.feed) to worker \(feed.worker) from step \(feed.step)"
                + (feed.cancel ? ", cancel" : "")
        case .feedEnded(let ended): "feed_ended \(ended.feed): \(ended.reason)"
        case .evaluate(let evaluate): "evaluate step \(evaluate.step)"
        case .evaluated(let evaluated): "evaluated step \(evaluated.step): \(evaluated.shards.map(\.shard))"
        default: other(body)
        }
    }

    private static func other(_ body: ControlMessage.Body) -> String {
        switch body {
        case .reshape(let reshape): "reshape step \(reshape.step)"
        case .reshaped(let reshaped): "reshaped step \(reshaped.step)"
        case .sendState(let request): "send_state step \(request.step) by worker \(request.worker)"
        case .stateDigest(let digest): "state_digest step \(digest.step)"
        case .stop(let stop): "stop: \(stop.reason)"
        case .failure(let failure): "failure: \(failure.reason)"
        case .refusal(let refusal): "refusal: \(refusal.reason)"
        case .goodbye(let goodbye): "goodbye: \(goodbye.reason)"
        case .reportImportance(let report): "report_importance step \(report.step)"
        case .importance(let importance): "importance step \(importance.step)"
        default: String("\(body)".prefix { $0 != "(" })
        }
    }
}
