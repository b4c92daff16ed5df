import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { makeQueryClient } from "./desk";
import { sweepDrafts } from "./drafts";
import "./styles/base.css";

sweepDrafts(Date.now());
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
const queries = makeQueryClient();
createRoot(root).render(
  <QueryClientProvider client={queries}>
    <App />
  </QueryClientProvider>,
);
