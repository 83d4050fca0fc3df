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

        @Test func killedWorkerIsNoticed() async throws {
            let cluster = try Cluster(.endless, workers: 2)
            let workers = [try cluster.join(), try cluster.join()]
            try await eventually("a step: \(cluster.coordinator.errors)") {
                !cluster.training.run.ledger.isEmpty
            }
            workers[0].signal(SIGKILL)
            let outcome = try await cluster.coordinator.end()
            #expect(outcome.ending == .exit(1))
            #expect(outcome.complaints.count == 1)
            #expect(outcome.errors.contains("process \(workers[0].process)) closed its connection"))
            let survivor = try await workers[1].end()
            #expect(survivor.ending == .exit(1) && survivor.complaints.count == 1, "\(survivor.errors)")
        }

        @Test func killedCoordinatorIsNoticed() async throws {
            let cluster = try Cluster(.endless, workers: 1)
            let worker = try cluster.join()
            try await eventually("a step: \(cluster.coordinator.errors)") {
                !cluster.training.run.ledger.isEmpty
            }
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

        /// Who knows run and generation can still end the run, but with a clear line.
        @Test func forgedBlockWithAFalseLengthEndsTheRun() async throws {
            let cluster = try Cluster(.endless, workers: 2)
            let workers = [try cluster.join(), try cluster.join()]
            try await eventually("a step: \(cluster.coordinator.errors)") {
                !cluster.training.run.ledger.isEmpty
            }
            let port = try #require(workers[0].processes.first?.listeningPorts.first)
            let answer = try await Stranger(cluster.endpoint).askStatus()
            let run = try #require(answer.run)
            try await eventually("the forged block meets its step") {
                let step = UInt64(cluster.training.run.ledger.count)
                try Stranger("tcp://127.0.0.1:\(port)").send(
                    (0..<10).map { later in
                        Garbage.block(run: run, generation: answer.generation, step: step + later)
                    })
                return cluster.coordinator.processes.isEmpty
            }
            let outcome = try await cluster.coordinator.end()
            #expect(outcome.ending == .exit(1))
            #expect(outcome.complaints.count == 1)
            #expect(outcome.errors.contains("a peer's data message is damaged"), "\(outcome.errors)")
            for worker in workers { #expect(try await worker.end().ending == .exit(1)) }
        }
    }
}
