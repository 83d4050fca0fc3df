import ClusterCore
import Collective
import Glibc
import Testing

extension EndToEnd {
    /// Coordinator and workers started apart, over TCP, as on several machines.
    @Suite(.timeLimit(.minutes(30))) struct ClusterTests {
        @Test(arguments: [TestRecipe.plain, .lwDNA])
        func sameBitsAsTrain(recipe: TestRecipe) async throws {
            let cluster = try Cluster(recipe, workers: 2)
            try await expectGoodEnd(cluster, [cluster.join(), cluster.join(threads: 2)])
        }

        /// All end with 0, and the digest is that of `train`.
        private func expectGoodEnd(_ cluster: Cluster, _ workers: [ProgramRun]) async throws {
            let recipe = cluster.training.recipe
            for program in [cluster.coordinator] + workers {
                let outcome = try await program.end()
                #expect(outcome.ending == .exit(0), "\(outcome.errors)")
                #expect(outcome.complaints.isEmpty)
            }
            #expect(try await cluster.training.digest == Reference.shared.result(recipe).digest)
            cluster.training.run.expectWhole(recipe, steps: recipe.totalSteps)
        }

        @Test func resumesOverTCP() async throws {
            let cluster = try Cluster(.lwDNA, workers: 2, "--set", "max_steps=2")
            for program in [try cluster.join(), try cluster.join(), cluster.coordinator] {
                #expect(try await program.end().ending == .exit(0))
            }
            try await cluster.training.finish(Crew(workers: 1, threads: 1), "--resume")
            #expect(try await cluster.training.digest == Reference.shared.result(.lwDNA).digest)
        }

        // MARK: Coming and going

        private func commit(_ more: Int, _ cluster: Cluster) async throws {
            let wanted = cluster.training.run.ledger.count + more
            try await eventually("\(more) steps more: \(cluster.coordinator.errors)") {
                cluster.training.run.ledger.count >= wanted
            }
        }

        @Test func oneDiesAndAnotherComes() async throws {
            let cluster = try Cluster(.long, workers: 2)
            let workers = [try cluster.join(), try cluster.join()]
            try await commit(1, cluster)
            workers[0].signal(SIGKILL)
            try await commit(1, cluster)
            try await expectGoodEnd(cluster, [workers[1], cluster.join(threads: 2)])
        }

        @Test func killedCoordinatorComesBack() async throws {
            let cluster = try Cluster(.long, workers: 2)
            let workers = [try cluster.join(), try cluster.join()]
            try await commit(4, cluster)
            cluster.coordinator.signal(SIGKILL)
            #expect(try await cluster.coordinator.end().ending == .signal(SIGKILL))
            let before = cluster.training.run.ledger.count
            let second = try cluster.resume(workers: 2)
            for program in [second] + workers {
                let outcome = try await program.end()
                #expect(outcome.ending == .exit(0), "\(outcome.errors)")
            }
            // From where the workers were, not from a checkpoint.
            let steps = second.errors.split(separator: "\n").compactMap { line -> Int? in
                guard line.hasPrefix("going on from step ") else { return nil }
                return line.dropFirst("going on from step ".count).split(separator: ",").first.flatMap {
                    Int($0)
                }
            }
            #expect(steps.count == 1 && steps.allSatisfy { $0 >= before }, "\(second.errors)")
            #expect(try await cluster.training.digest == Reference.shared.result(.long).digest)
            cluster.training.run.expectWhole(.long, steps: TestRecipe.long.totalSteps)
        }

        @Test func coordinatorThatStaysAwayIsGivenUp() async throws {
            let cluster = try Cluster(.endless, workers: 1)
            let worker = try cluster.join(threads: 1, "--patience", "1")
            try await commit(1, cluster)
            cluster.coordinator.signal(SIGKILL)
            let outcome = try await worker.end()
            #expect(outcome.ending == .exit(1))
            #expect(outcome.complaints.count == 1 && outcome.errors.contains(cluster.endpoint))
        }

        // MARK: Strangers

        @Test func garbageDoesNotDisturbTheRun() async throws {
            let cluster = try Cluster(.lwDNA, workers: 2)
            let first = try cluster.join()
            try await eventually("the worker's socket is open: \(first.errors)") {
                !(first.processes.first?.listeningPorts ?? []).isEmpty
            }
            let port = try #require(first.processes.first?.listeningPorts.first)
            let answer = try await Stranger(cluster.endpoint).askStatus()
            let messages = Garbage.messages(run: answer.run)
            try Stranger(cluster.endpoint).send(messages)
            try Stranger("tcp://127.0.0.1:\(port)").send(messages)
            Cluster.knock(port, Garbage.noise)
            Cluster.knock(try #require(UInt16(cluster.endpoint.split(separator: ":").last!)), Garbage.noise)
            let second = try cluster.join()
            try await eventually("a step: \(cluster.coordinator.errors)") {
                !cluster.training.run.ledger.isEmpty
            }
            // In the middle of the run, too; it may end meanwhile.
            try? Stranger(cluster.endpoint).send(messages)
            try? Stranger("tcp://127.0.0.1:\(port)").send(messages)
            try await expectGoodEnd(cluster, [first, second])
            #expect(cluster.coordinator.errors.contains("dropped a message"))
            #expect(first.errors.contains("dropped a data message"))
        }

        /// Who knows run and generation, but cannot make a block, does not disturb it either.
        @Test func forgedBlocksAreDropped() async throws {
            let cluster = try Cluster(.long, workers: 2)
            let workers = [try cluster.join(), try cluster.join()]
            try await commit(1, cluster)
            let port = try #require(workers[0].processes.first?.listeningPorts.first)
            let answer = try await Stranger(cluster.endpoint).askStatus()
            let run = try #require(answer.run)
            try await eventually("a forged block meets its step: \(workers[0].errors)") {
                let step = UInt64(cluster.training.run.ledger.count)
                try? Stranger("tcp://127.0.0.1:\(port)").send(
                    (0..<10).map { later in
                        Garbage.block(run: run, generation: answer.generation, step: step + later)
                    })
                return workers[0].errors.contains("dropped a data message")
                    || cluster.coordinator.processes.isEmpty
            }
            #expect(workers[0].errors.contains("dropped a data message"))
            try await expectGoodEnd(cluster, workers)
        }
    }
}
