import Glibc
import Synchronization

/// A fixed team of plain threads: the caller of `run` is thread 0, the others wait in between.
///
/// One run at a time. The threads end with the pool.
public final class ComputePool: Sendable {
    public let threads: Int
    private let team: Team
    private let handles: [pthread_t]

    /// Starts `threads` - 1 threads; at least one thread is the caller itself.
    public init(threads: Int) {
        precondition(threads > 0, "a pool of \(threads) threads")
        let team = Team(threads)
        self.threads = threads
        self.team = team
        handles = (1..<threads).map { Self.start(Member(team: team, thread: $0)) }
        Engine.isolateThread()
    }

    deinit {
        team.stop()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Every thread runs `work` once with its number in 0..<threads; returns when all have. Not from within
    /// a run. Allocates nothing.
    public func run<Work: ComputeWork>(_ work: Work) {
        Engine.isolateThread()
        team.run(work)
    }

    /// The same of a closure; allocates some bytes.
    public func run(_ body: @Sendable (_ thread: Int) -> Void) {
        withoutActuallyEscaping(body) { run(ClosureWork(body: $0)) }
    }

    private struct ClosureWork: ComputeWork {
        let body: @Sendable (Int) -> Void

        func run(thread: Int) { body(thread) }
    }

    /// All threads meet: none goes on before every one has come. Only within a run, by every thread.
    public func barrier() {
        team.barrier()
    }

    private final class Member: Sendable {
        let team: Team
        let thread: Int

        init(team: Team, thread: Int) {
            self.team = team
            self.thread = thread
        }
    }

    private static func start(_ member: Member) -> pthread_t {
        var handle = pthread_t()
        let status = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let member = Unmanaged<Member>.fromOpaque(argument).takeRetainedValue()
                Engine.isolateThread()
                member.team.serve(member.thread)
                return nil
            }, Unmanaged.passRetained(member).toOpaque())
        precondition(status == 0, "cannot start compute thread \(member.thread): error \(status)")
        return handle
    }
}

/// What the pool and its threads share; the threads hold no reference to the pool itself, so that it can end.
///
/// Unchecked: `job` is written before the start gate opens and read after, and not written again until all
/// have met.
private final class Team: @unchecked Sendable {
    private struct Job {
        var work: UnsafeRawPointer
        var type: any ComputeWork.Type
    }

    private let threads: Int
    private let isRunning = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private let arrived = Atomic<Int>(0)
    private let start = Gate()
    private let meeting = Gate()
    private var job: Job?

    init(_ threads: Int) {
        self.threads = threads
    }

    func run<Work: ComputeWork>(_ work: Work) {
        let wasRunning = isRunning.exchange(true, ordering: .acquiring)
        precondition(!wasRunning, "a run within a run, or two at once, on one pool")
        withUnsafePointer(to: work) { pointer in
            let job = Job(work: pointer, type: Work.self)
            self.job = job
            start.open()
            Self.perform(job, 0)
            barrier()
            self.job = nil
        }
        isRunning.store(false, ordering: .releasing)
    }

    func serve(_ thread: Int) {
        var seen = 0
        while true {
            seen = start.wait(past: seen)
            if isStopping.load(ordering: .acquiring) { return }
            if let job { Self.perform(job, thread) }
            barrier()
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        start.open()
    }

    func barrier() {
        guard threads > 1 else { return }
        let seen = meeting.count
        if arrived.add(1, ordering: .acquiringAndReleasing).newValue == threads {
            arrived.store(0, ordering: .relaxed)
            meeting.open()
        } else {
            _ = meeting.wait(past: seen)
        }
    }

    // Not inlined: every reference to what the work holds is gone when it returns, as a borrowed closure
    // demands.
    @inline(never)
    private static func perform(_ job: Job, _ thread: Int) {
        job.type.run(at: job.work, thread: thread)
    }
}
