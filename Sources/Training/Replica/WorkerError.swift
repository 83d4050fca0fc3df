/// What a worker cannot go on after, beside the errors of the modules below.
enum WorkerError: Error, CustomStringConvertible {
    case noReplica
    case badState(String)
    case badWork(String)

    var description: String {
        switch self {
        case .noReplica: "the coordinator asked for work before there was a replica"
        case .badState(let problem): "the state that this worker was sent is unusable: \(problem)"
        case .badWork(let things): "the coordinator asked for \(things) that do not exist"
        }
    }
}
